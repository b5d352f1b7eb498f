//go:build e2e && bench

package endtoend

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

const (
	warmUp      = 20 // requests before any is counted
	directEvery = 4  // so many requests by way of the gateway for each direct one

	// firstPiece is what a piece of an answer begins with, if more than a
	// quotation mark follows.
	firstPiece = `"content":"`
)

// plainClient looks at nothing that passes, unlike httpClient.
var plainClient = &http.Client{Timeout: time.Minute}

// kind is what requests are like.
type kind struct {
	name   string
	size   int // of the prompt, in bytes
	stream bool
	last   string // line of the prompt, which decides the pace
}

var kinds = []kind{
	{"2 KB, whole, at once", 2 << 10, false, "Be quick."},
	{"2 KB, stream, at once", 2 << 10, true, "Be quick."},
	{"2 KB, stream, first token after 100 ms", 2 << 10, true, pacedLine},
	{"90 KB, stream, at once", 90 << 10, true, "Be quick."},
	{"90 KB, stream, first token after 100 ms", 90 << 10, true, pacedLine},
}

// printWarm prints what the gateway adds to requests of an environment that has
// served some before: by its way less the median of direct calls in between.
func (r *rig) printWarm(t *testing.T, groups *cgroup.Hierarchy) {
	t.Helper()
	fmt.Println("| processor | request | first token added: p50 / p95 / p99 | end added: p50 / p95 / p99 | processor time | periods cut short a request | most memory |\n|---|---|---|---|---|---|---|")
	for _, memory := range memorySizes {
		bed := r.function(t, "gateway", 1, limitedTo(groups, memory, 0))
		for _, k := range kinds {
			w := r.warm(t, bed, k)
			n := float64(len(w.end))
			fmt.Printf("| %s | %s | %s | %s | %.1f | %.1f | %.0f MB |\n", sizeName(memory), k.name, spread(w.first, 50, 95, 99), spread(w.end, 50, 95, 99),
				w.taken.CPU.Seconds()*1000/n, float64(w.taken.Throttled)/n, float64(w.taken.PeakMemory)/(1<<20))
		}
		if got := bed.Stats().ColdStarts; got != 1 {
			t.Errorf("%d environments served, want one: the figures hold cold starts", got)
		}
		_ = bed.Close()
	}
	fmt.Println()
}

// warmth is what one kind of request came to.
type warmth struct {
	first, end []time.Duration // added; first only of streams
	taken      lambdabed.Usage // of all of them; the peak is since the start
}

func (r *rig) warm(t *testing.T, bed *lambdabed.Bed, k kind) (w warmth) {
	t.Helper()
	through := func(n int) timing {
		took := send(t, r.chat(bed.URL(), k, n), firstPiece, k.stream)
		if err := bed.Wait(t.Context(), lambdabed.Idle); err != nil {
			t.Fatal(err)
		}
		return took
	}
	direct := func(n int) timing { return send(t, r.messages(k, n), "content_block_delta", k.stream) }
	for n := range warmUp {
		through(n)
		direct(n)
	}
	before := usage(t, bed)
	var all, alone []timing
	for n := range *rounds {
		all = append(all, through(warmUp+n))
		if n%directEvery == 0 {
			alone = append(alone, direct(warmUp+n))
		}
	}
	w.taken = usage(t, bed)
	w.taken.CPU -= before.CPU
	w.taken.Throttled -= before.Throttled
	base := median(alone)
	for _, took := range all {
		w.end = append(w.end, took.end-base.end)
		if k.stream {
			w.first = append(w.first, took.first-base.first)
		}
	}
	return w
}

func usage(t *testing.T, bed *lambdabed.Bed) lambdabed.Usage {
	t.Helper()
	u, err := bed.Usage(1)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// timing is how long a request's first token and its end took to come.
type timing struct{ first, end time.Duration }

func median(all []timing) (m timing) {
	middle := func(of func(timing) time.Duration) time.Duration {
		var each []time.Duration
		for _, one := range all {
			each = append(each, of(one))
		}
		slices.Sort(each)
		return each[len(each)/2]
	}
	return timing{middle(func(t timing) time.Duration { return t.first }), middle(func(t timing) time.Duration { return t.end })}
}

func (k kind) prompt(n int) string {
	head := fmt.Sprintf("Review change %d, please.\n", n)
	return head + arrival{tokens: (k.size - len(head)) / 4}.prompt() + "\n" + k.last
}

// chat is a request by way of the gateway.
func (r *rig) chat(url string, k kind, n int) *http.Request {
	return request(url+"/v1/chat/completions", http.Header{"Authorization": {"Bearer " + botToken}}, map[string]any{
		"model": "claude-sonnet-5", "stream": k.stream, "max_tokens": 1024,
		"messages": []map[string]string{{"role": "user", "content": k.prompt(n)}},
	})
}

// messages is the same request to the provider itself.
func (r *rig) messages(k kind, n int) *http.Request {
	header := http.Header{"X-Api-Key": {providerKey(1 + n%4)}, "Anthropic-Version": {"2023-06-01"}}
	return request(r.sim.URL()+"/v1/messages", header, map[string]any{
		"model": "claude-sonnet-5", "stream": k.stream, "max_tokens": 1024,
		"messages": []map[string]string{{"role": "user", "content": k.prompt(n)}},
	})
}

func request(url string, header http.Header, body any) *http.Request {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers only
	}
	req, err := http.NewRequest("POST", url, bytes.NewReader(raw))
	if err != nil {
		panic(err) // the URL is a listener's
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	return req
}

// send sends a request and reads the answer line by line. A stream's first
// token is in the first line that holds token with something in it.
func send(t *testing.T, req *http.Request, token string, stream bool) (took timing) {
	t.Helper()
	began := time.Now()
	resp, err := plainClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	var last string
	for err == nil {
		var line string
		line, err = lines.ReadString('\n')
		if took.first == 0 && strings.Contains(line, token) && !strings.Contains(line, token+`"`) {
			took.first = time.Since(began)
		}
		if strings.TrimSpace(line) != "" {
			last = line
		}
	}
	took.end = time.Since(began)
	if !errors.Is(err, io.EOF) || resp.StatusCode != http.StatusOK || stream && took.first == 0 {
		t.Fatalf("got status %d, %v, last line %q", resp.StatusCode, err, last)
	}
	return took
}
