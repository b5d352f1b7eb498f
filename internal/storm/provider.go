package storm

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simulation"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// provider is a contestant's simulated provider, and the book of what it saw.
type provider struct {
	*simprovider.Provider
	server *server
	keys   []string
	limits []scenarios.Limits // by key: those of its organisation
	owner  []int              // by key: which organisation
	pace   *pace

	mu       sync.Mutex
	calls    []*call
	accepted map[int]time.Duration // by request: when its first call was answered
}

// call is one call that arrived. Its status is 0 until it is answered, and stays
// so when the connection is cut.
type call struct {
	at     time.Duration
	key    int
	status int
}

// newProvider starts a provider for a run.
func newProvider(cfg Config, at *pace, requests []simulation.Request, c Contestant) (*provider, error) {
	p := &provider{pace: at, accepted: map[int]time.Duration{}}
	orgs := cfg.Scenario.Organisations
	if c.OneKey {
		orgs = []scenarios.Organisation{{Keys: 1, Limits: cfg.Scenario.OneKey}}
	}
	sim := simprovider.Config{Seed: uint64(cfg.Seed), Models: []string{"*"}, Script: p.script(cfg, requests)}
	for i, o := range orgs {
		org := simprovider.Organisation{Name: fmt.Sprintf("org-%d", i+1), Limits: compressed(o.Limits, cfg.Compress)}
		for range o.Keys {
			p.keys = append(p.keys, scenarios.KeyName(len(p.keys)+1))
			p.limits, p.owner = append(p.limits, o.Limits), append(p.owner, i)
			org.Keys = append(org.Keys, p.keys[len(p.keys)-1])
		}
		sim.Organisations = append(sim.Organisations, org)
	}
	p.Provider = simprovider.New(sim)
	addr := c.Listen
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	if host, _, err := net.SplitHostPort(addr); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("the provider of %s cannot listen on %q: want a loopback address such as 127.0.0.1:9191", c.Name, addr)
	}
	var err error
	p.server, err = listenOn(addr, http.HandlerFunc(p.serve))
	return p, err
}

// compressed gives buckets that hold what they did and fill faster.
func compressed(l scenarios.Limits, factor float64) simprovider.Limits {
	faster := func(n int64) int64 { return int64(float64(n) * factor) }
	s := simprovider.Limits{
		Requests: faster(l.Requests), InputTokens: faster(l.InputTokens), OutputTokens: faster(l.OutputTokens),
		Burst: time.Duration(float64(time.Minute) / factor),
	}
	if l.InputTokens > 0 && l.OutputTokens > 0 { // OpenAI counts both as one
		s.Tokens = s.InputTokens + s.OutputTokens
	}
	return s
}

// script gives every request the answer that it has in the scenario, and notes
// when it was accepted.
func (p *provider) script(cfg Config, requests []simulation.Request) func(string) (simprovider.Part, bool) {
	return func(line string) (simprovider.Part, bool) {
		id, ok := requestOf(line)
		if !ok || id >= len(requests) {
			return simprovider.Part{}, false
		}
		p.accept(id)
		r := requests[id]
		return simprovider.Part{
			FirstToken: p.pace.real(cfg.Scenario.FirstToken(r.Latency)), Total: p.pace.real(r.Latency), Tokens: int(r.Output), Words: wordsPerEvent,
		}, true
	}
}

func (p *provider) accept(id int) {
	at := p.pace.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, again := p.accepted[id]; !again {
		p.accepted[id] = at
	}
}

// serve notes every call of a generation.
func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	key := p.keyOf(r.Header)
	if r.Method != http.MethodPost || key < 0 {
		p.ServeHTTP(w, r)
		return
	}
	c := &call{at: p.pace.now(), key: key}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	p.ServeHTTP(&noting{w, p, c}, r)
}

func (p *provider) keyOf(h http.Header) int {
	for i, key := range p.keys {
		if h.Get("X-Api-Key") == key || h.Get("Authorization") == "Bearer "+key {
			return i
		}
	}
	return -1
}

// noting remembers the status as soon as it is known: a client may have the end
// of its answer before the handler has returned.
type noting struct {
	http.ResponseWriter
	provider *provider
	call     *call
}

// WriteHeader implements http.ResponseWriter.
func (n *noting) WriteHeader(status int) {
	n.provider.mu.Lock()
	n.call.status = status
	n.provider.mu.Unlock()
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController, by which streams are flushed.
func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// misbehave lets the scenario's faults happen when they are due.
func (p *provider) misbehave(ctx context.Context, s *scenarios.Scenario) {
	var all sync.WaitGroup
	for _, f := range s.Faults {
		if f.Key > len(p.keys) {
			continue // a fault of a key that this provider has not
		}
		all.Go(func() {
			if p.pace.until(ctx, f.At) {
				p.Inject(f.Simulated(p.pace.factor))
			}
		})
	}
	all.Wait()
}
