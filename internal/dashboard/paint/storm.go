package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry/emf"
)

// limits are an organisation's: three of them carry about four requests a second.
var limits = simprovider.Limits{Requests: 1000, InputTokens: 150_000, OutputTokens: 60_000}

// storm serves, sends and breaks things, and returns how many requests it sent.
// The lines that Lambda would log go to log.
func storm(ctx context.Context, log io.Writer, length time.Duration) (int, error) {
	sim, err := provider(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sim.Close() }()
	doc, err := config.Parse([]byte(fmt.Sprintf(document, sim.URL())), "storm")
	if err != nil {
		return 0, err
	}
	environ := []string{"K1=sim-key-1", "K2=sim-key-2", "K3=sim-key-3", "K4=sim-key-4"}
	parts := app.Config{Document: doc, Table: embedded.NewMemory(), Environ: environ,
		Telemetry: app.Telemetry{Sink: emf.New(emf.Config{Out: log, Namespace: "fallow"})}}
	gateway, err := app.New(parts)
	if err != nil {
		return 0, err
	}
	job, err := app.Rebalancer(parts)
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{Handler: gateway, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // it ends with Close
	defer func() { _ = server.Close() }()

	during, stop := context.WithTimeout(ctx, length)
	defer stop()
	go job.Every(during, step)
	go trouble(during, sim, length)
	return clients(during, "http://"+listener.Addr().String(), length), nil
}

const document = `version: 1
pools:
  claude:
    provider: anthropic
    base_url: %s
    keys:
      - {name: key-1, secret: "env:K1"}
      - {name: key-2, secret: "env:K2"}
      - {name: key-3, secret: "env:K3"}
      - {name: key-4, secret: "env:K4"}
    wait_budget: 6s
models: {"*": {targets: [{pool: claude}]}}
clients: {auth: none}
`

// provider has four keys of three organisations.
func provider(ctx context.Context) (*simprovider.Server, error) {
	orgs := simprovider.Organisations(3, 0, limits)
	orgs[0].Keys, orgs[1].Keys, orgs[2].Keys = []string{"sim-key-1", "sim-key-2"}, []string{"sim-key-3"}, []string{"sim-key-4"}
	return simprovider.Start(ctx, simprovider.Config{Organisations: orgs, Seed: 1, AnswerTokens: 60, Latency: simprovider.Latency{
		FirstToken: simprovider.Spread{P50: 450 * time.Millisecond, P95: 900 * time.Millisecond},
		Total:      simprovider.Spread{P50: 1800 * time.Millisecond, P95: 4 * time.Second},
	}}, "127.0.0.1:0")
}

// trouble is what goes wrong, when.
func trouble(ctx context.Context, sim *simprovider.Server, length time.Duration) {
	for _, f := range []struct {
		after time.Duration
		fault simprovider.Fault
	}{
		{length * 3 / 5, simprovider.Fault{Effect: fault.Stuck, Key: "sim-key-3", For: 20 * time.Second, RetryAfter: 5 * time.Second}},
		{length / 5, simprovider.Fault{Effect: fault.Overloaded, Probability: 0.7, For: 15 * time.Second}},
	} {
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.after):
			sim.Inject(f.fault)
		}
	}
}

// clients send three requests a second, and sixteen in the peak, until ctx ends.
func clients(ctx context.Context, url string, length time.Duration) int {
	var all sync.WaitGroup
	random, began, sent := rand.New(rand.NewPCG(1, 2)), time.Now(), 0
	for ctx.Err() == nil {
		rate := 3.0
		if at := time.Since(began); at > length/3 && at < length/2 {
			rate = 16
		}
		question := fmt.Sprintf("%d: %s", sent, strings.Repeat("please review this line of code; ", 60+random.IntN(300)))
		patience := 8*time.Second + time.Duration(random.ExpFloat64()*float64(20*time.Second))
		all.Go(func() { ask(url, question, patience) })
		sent++
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(random.ExpFloat64() / rate * float64(time.Second))):
		}
	}
	all.Wait()
	return sent
}

// guidelines begin every conversation; a provider's prompt cache keeps them.
var guidelines = fmt.Sprintf(`{"role":"system","content":[{"type":"text","text":%q,"cache_control":{"type":"ephemeral"}}]}`,
	strings.Repeat("A review names the line, says what is wrong with it and what would be right. ", 90))

// ask reads one answer to its end, or as far as patience goes. How it went is
// the gateway's to say.
func ask(url, question string, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	body := fmt.Sprintf(`{"model":"claude-sonnet-5","stream":true,"max_tokens":200,"messages":[%s,{"role":"user","content":%q}]}`, guidelines, question)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
}
