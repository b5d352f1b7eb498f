package storm

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// small is a morning of half a minute: the single key allows a third of what
// is asked for, the pool of three has one key stuck and its store away for a
// while.
const small = `name: small
about: a test
length: 30s
patience: 1m
traffic:
  - steady: {per_second: 3}
    input: {mean: 1000, sigma: 0.3}
    output: {mean: 60}
    latency: {first: 300ms, p50: 2s, p95: 4s, most: 6s}
  - burst: {count: 9, at: 10s, within: 1s}
    input: {mean: 500}
    output: {mean: 30}
    latency: {p50: 1s}
one_key: {input_tokens: 20000}
organisations:
  - {keys: 2, requests: 600, input_tokens: 300000, output_tokens: 60000}
  - {keys: 1, requests: 600, input_tokens: 300000, output_tokens: 60000}
faults:
  - {at: 5s, for: 10s, effect: stuck, key: 3, retry_after: 10s}
store_outages:
  - {at: 20s, for: 4s}
`

func load(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse([]byte(text), "test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestShortStorm runs everybody beside each other in three seconds.
func TestShortStorm(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	var last Progress
	r, err := Run(t.Context(), Config{
		Scenario: load(t, small), Seed: 1, Compress: 10,
		Contestants: []Contestant{OneKey(), Queue(), Peer("peer", "http://"+addr, "sim-key-1", nil, addr), Fallow(quiet())},
		Progress:    func(p Progress) { last = p },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Interrupted || len(r.Contestants) != 4 || r.Warning == "" || r.Schema != Schema || len(last.Contestants) != 4 {
		t.Fatalf("result %+v", r)
	}
	for _, c := range r.Contestants {
		judgeSums(t, r, c)
	}
	one, fallow := r.Contestants[0], r.Contestants[3]
	if one.Outcomes[Limited] == 0 || one.Saw429 < one.Outcomes[Limited] || one.Upstream429s != one.Client429s {
		t.Errorf("one key: %+v, want 429s, all of them the provider's", one.Summary)
	}
	if fallow.Outcomes[Answered] != r.Requests || fallow.Client429s != 0 {
		t.Errorf("fallow: %+v; problems %v", fallow.Summary, fallow.Problems)
	}
	if len(fallow.Bands) == 0 || fallow.Bands[0].Key != "key-3" || fallow.Bands[0].From < 5 || fallow.Bands[0].From > 15 {
		t.Errorf("bands %+v, want a rest of the stuck key", fallow.Bands)
	}
	if fallow.Wasted == 0 || fallow.Wasted > 10 {
		t.Errorf("%d calls were wasted on the stuck key", fallow.Wasted)
	}
	if queue := r.Contestants[1]; queue.Latency.P95 <= fallow.Latency.P95 {
		t.Errorf("the queue's p95 %v is not above Fallow's %v", queue.Latency.P95, fallow.Latency.P95)
	}
}

// judgeSums holds a report against itself.
func judgeSums(t *testing.T, r *Result, c Report) {
	t.Helper()
	outcomes, arrived, answered, calls := 0, 0, 0, 0
	for _, n := range c.Outcomes {
		outcomes += n
	}
	for _, b := range c.Bins {
		arrived, answered = arrived+b.Arrived, answered+b.Answered
	}
	for _, k := range c.Keys {
		calls += k.Calls
		if len(k.Usage) != len(c.Bins) || len(k.Refused) != len(c.Bins) {
			t.Errorf("%s: key %s has %d and %d bins, want %d", c.Name, k.Name, len(k.Usage), len(k.Refused), len(c.Bins))
		}
	}
	if c.Ended != r.Requests || outcomes != c.Ended || arrived != c.Ended || answered != c.Outcomes[Answered] || calls != c.UpstreamCalls {
		t.Errorf("%s: %d requests, %d ended, %d outcomes, %d arrived, %d answered, %d calls of keys: %+v",
			c.Name, r.Requests, c.Ended, outcomes, arrived, answered, calls, c.Summary)
	}
	if c.Latency.P50 < 1 || c.Latency.P50 > c.Latency.P95 || c.FirstToken.P50 > c.Latency.P50 || c.Dollars == nil || *c.Dollars <= 0 {
		t.Errorf("%s: figures %+v", c.Name, c.Summary)
	}
}

func TestInterruptedStorm(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Run(ctx, Config{
		Scenario: load(t, small), Compress: 10, Serial: true, Contestants: []Contestant{OneKey(), Fallow(quiet())},
		Progress: func(p Progress) {
			if p.Contestants[0].Done > 0 {
				cancel()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Contestants) != 1 {
		t.Fatalf("%d contestants ran", len(r.Contestants))
	}
	if !r.Interrupted || r.Contestants[0].Ended == 0 || r.Contestants[0].Ended >= r.Requests {
		t.Errorf("got %+v, want a part of the first contestant's requests", r.Contestants)
	}
	if n := r.Contestants[0].Outcomes[Interrupted]; n != 0 {
		t.Errorf("%d interrupted requests are counted", n)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	url, requests := gateway(t, chatStream)
	s := load(t, strings.Replace(small, "length: 30s", "length: 12s", 1))
	r, err := Run(t.Context(), Config{Scenario: s, Compress: 20, Contestants: []Contestant{Target(url, "secret", http.Header{"X-Own": {"1"}})}})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Contestants[0]
	if c.Outcomes[Answered] != r.Requests || len(requests()) != r.Requests || c.UpstreamCalls != 0 || c.Keys != nil || c.Dollars != nil {
		t.Errorf("got %+v", c.Summary)
	}
	if h := requests()[0].Header; h.Get("Authorization") != "Bearer secret" || h.Get("X-Own") != "1" {
		t.Errorf("headers %v", h)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	s := load(t, small)
	broken := Contestant{Name: "broken", Start: func(context.Context, World) (Entry, error) { return Entry{}, errors.New("no fuel") }}
	tests := []struct {
		name string
		cfg  Config
		says string
	}{
		{"nobody", Config{}, "nobody takes part"},
		{"the same name twice", Config{Contestants: []Contestant{OneKey(), OneKey()}}, `contestant "one-key"`},
		{"slower than the clock", Config{Compress: 0.5, Contestants: []Contestant{OneKey()}}, "compression by 0.5"},
		{"too fast", Config{Compress: 1000, Contestants: []Contestant{OneKey()}}, "want 1 to 100"},
		{"a batch in a hurry", Config{Compress: 2, Contestants: []Contestant{OneKey()}}, "cannot be compressed"},
		{"who does not start", Config{Contestants: []Contestant{OneKey(), broken}}, "broken: no fuel"},
		{"a provider for the world", Config{Contestants: []Contestant{Peer("p", "http://x", "", nil, "0.0.0.0:0")}}, "want a loopback address"},
		{"a fleet without a function", Config{Contestants: []Contestant{Fleet(FleetConfig{Environments: 2, Function: "/nowhere", Emulator: "/nowhere"})}}, "make tools"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Scenario = s
			if strings.Contains(tt.name, "batch") {
				tt.cfg.Scenario = load(t, strings.Replace(small, "  - burst:", "  - batch: true\n    burst:", 1))
			}
			if _, err := Run(t.Context(), tt.cfg); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	p := Progress{Now: 95 * time.Second, Length: 90 * time.Second, Contestants: []Standing{
		{Name: "one-key", Done: 3, Total: 9, Refused: 2}, {Name: "fallow", Done: 4, Total: 9, Abandoned: 1},
	}}
	if got, want := p.String(), "01:35/01:30 | one-key 3/9 429:2 | fallow 4/9 left:1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
