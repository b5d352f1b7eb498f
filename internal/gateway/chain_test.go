package gateway_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const okBody = `{"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}`

// counted counts the calls that reach a transport.
func counted(n *int, answer transport) transport {
	return func(r *http.Request) (*http.Response, error) {
		*n++
		return answer(r)
	}
}

// TestOneKeyIsWaitedFor: a pool of one key is no worse than others. The key that
// was refused is used again when its rest is over.
func TestOneKeyIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, wait: 30 * time.Second, answer: counted(&calls, func(r *http.Request) (*http.Response, error) {
			if calls == 1 {
				return refusing(429, http.Header{"Retry-After": {"3"}}, slowDown)(r)
			}
			return saying(okBody)(r)
		})})
		w := p.post(t.Context(), hello)
		if w.Code != 200 || w.Header().Get("X-Fallow-Attempts") != "2" {
			t.Fatalf("%d %v, want 200 after two attempts", w.Code, w.Header())
		}
		if ms, _ := strconv.Atoi(w.Header().Get("X-Fallow-Wait-Ms")); ms < 3000 || ms > 3100 {
			t.Errorf("x-fallow-wait-ms = %d, want the 3 s that the provider asked for", ms)
		}
	})
}

// TestWaitBudgetIsForAllWaits: not for each one anew.
func TestWaitBudgetIsForAllWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1", "k2"}, wait: 30 * time.Second,
			answer: counted(&calls, refusing(429, http.Header{"Retry-After": {"20"}}, slowDown))})
		began := time.Now()
		w := p.post(t.Context(), hello)
		if took := time.Since(began); took > 32*time.Second || calls != 4 {
			t.Errorf("gave up after %v and %d calls, want one wait of 20 s and both keys twice", took, calls)
		}
		if got := w.Header().Get("Retry-After"); w.Code != 429 || got != "20" {
			t.Errorf("%d, retry-after %s, want 429 and 20", w.Code, got)
		}
		if e := p.only(t); e.Waited < 20*time.Second || e.Waited > 32*time.Second {
			t.Errorf("waited = %v", e.Waited)
		}
	})
}

// TestEarliestKeyIsTold: whichever was refused last.
func TestEarliestKeyIsTold(t *testing.T) {
	t.Parallel()
	for _, asks := range [][]string{{"7.2", "50"}, {"50", "7.2"}} {
		calls := 0
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1", "k2"}, answer: counted(&calls, func(r *http.Request) (*http.Response, error) {
			return refusing(429, http.Header{"Retry-After": {asks[calls-1]}}, slowDown)(r)
		})})
		w := p.post(t.Context(), hello)
		if got := w.Header().Get("Retry-After"); got != "8" {
			t.Errorf("retry-after = %s after %v, want 7.2 s rounded up", got, asks)
		}
	}
}

// TestProviderInTroubleIsLeftAlone: one that says for how long is not asked
// sooner, by us or by the client.
func TestProviderInTroubleIsLeftAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		asks  string
		calls int
		took  time.Duration
	}{
		{"", 7, 11750 * time.Millisecond},  // half of the jitter's bounds: 0.5, 1, 2, 4, 8 and 8 s
		{"2", 7, 23750 * time.Millisecond}, // the same on top of six times two seconds
		{"30", 1, 0},
	}
	for _, tt := range tests {
		t.Run("asks for "+tt.asks, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				header := http.Header{}
				if tt.asks != "" {
					header.Set("Retry-After", tt.asks)
				}
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, refusing(503, header, `{}`))})
				began := time.Now()
				w := p.post(t.Context(), hello)
				if took := time.Since(began); calls != tt.calls || took < tt.took || took > tt.took+100*time.Millisecond {
					t.Errorf("%d calls in %v, want %d in %v", calls, took, tt.calls, tt.took)
				}
				want := tt.asks
				if want == "" {
					want = "2"
				}
				if got := w.Header().Get("Retry-After"); w.Code != 503 || got != want {
					t.Errorf("%d, retry-after %q, want 503 and %s", w.Code, got, want)
				}
			})
		})
	}
}

// TestParameterOfAnotherDialect: what one target cannot express another may.
func TestParameterOfAnotherDialect(t *testing.T) {
	t.Parallel()
	two := strings.Replace(hello, `{`, `{"n":2,"logit_bias":{"5":1},`, 1)
	claude := func(n *int) upstreamOf {
		return upstreamOf{name: "claude", keys: []string{"k1"}, dialect: anthropic.New(anthropic.Config{}), answer: counted(n, saying(okBody))}
	}
	calls, other := 0, 0
	p := newInProcess(t, claude(&calls), upstreamOf{name: "gpt", keys: []string{"k2"}, answer: counted(&other, saying(okBody))})
	w := p.post(t.Context(), two)
	if w.Code != 200 || calls != 0 || other != 1 || w.Header().Get("X-Fallow-Target") != "gpt/m" {
		t.Errorf("%d %v after %d+%d calls, want 200 from gpt alone", w.Code, w.Header(), calls, other)
	}
	alone := newInProcess(t, claude(&calls))
	w = alone.post(t.Context(), two)
	wantAnswer(t, w.Code, w.Body.String(), 400, "invalid_request")
	if !strings.Contains(w.Body.String(), `"param":"n"`) || w.Header().Get("X-Fallow-Target") != "" || w.Header().Get("X-Fallow-Dropped-Params") != "" {
		t.Errorf("%s %v, want the parameter and no target", w.Body, w.Header())
	}
}

// TestHeadersAreThoseOfTheTargetThatAnswered: what the first had dropped the
// second may have honoured.
func TestHeadersAreThoseOfTheTargetThatAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		claude := upstreamOf{name: "claude", keys: []string{"k1"}, dialect: anthropic.New(anthropic.Config{}), answer: refusing(529, http.Header{}, `{}`)}
		gpt := upstreamOf{name: "gpt", keys: []string{"k2"}, answer: saying(okBody)}
		body := strings.Replace(hello, `{`, `{"seed":5,`, 1)
		w := newInProcess(t, claude, gpt).post(t.Context(), body)
		want := http.Header{"X-Fallow-Target": {"gpt/m"}, "X-Fallow-Key": {"k2"}, "X-Fallow-Attempts": {"3"}, "X-Fallow-Dropped-Params": nil}
		for name, values := range want {
			if got := w.Header().Get(name); got != strings.Join(values, "") {
				t.Errorf("%s = %q, want %q", name, got, values)
			}
		}
		w = newInProcess(t, claude).post(t.Context(), body)
		if got := w.Header(); w.Code != 503 || got.Get("X-Fallow-Target") != "claude/m" || got.Get("X-Fallow-Attempts") != "7" || got.Get("X-Fallow-Wait-Ms") == "" || got.Get("X-Fallow-Dropped-Params") != "seed" {
			t.Errorf("a failure's headers: %d %v", w.Code, got)
		}
	})
}

// TestHoldIsNotWalkedRound: neither with the pool's other keys nor with another
// pool at the same provider. Another provider's is the operator's own choice.
func TestHoldIsNotWalkedRound(t *testing.T) {
	t.Parallel()
	const hold = `{"type":"error","error":{"type":"invalid_request_error","message":"on hold","details":{"error_code":"organization_on_hold"}}}`
	dialect := anthropic.New(anthropic.Config{})
	var calls, same, other int
	ups := []upstreamOf{
		{name: "claude", keys: []string{"k1", "k2"}, dialect: dialect, answer: counted(&calls, refusing(400, nil, hold))},
		{name: "more-claude", keys: []string{"k3"}, dialect: dialect, answer: counted(&same, saying(okBody))},
		{name: "gpt", keys: []string{"k4"}, answer: counted(&other, saying(okBody))},
	}
	w := newInProcess(t, ups[:2]...).post(t.Context(), hello)
	wantAnswer(t, w.Code, w.Body.String(), 502, "upstream_hold")
	if calls != 1 || same != 0 {
		t.Errorf("%d+%d calls, want one", calls, same)
	}
	if w := newInProcess(t, ups...).post(t.Context(), hello); w.Code != 200 || same != 0 || other != 1 {
		t.Errorf("with another provider: %d after %d+%d calls, want 200 from it alone", w.Code, same, other)
	}
}

// TestFastLimit: the pool does not rest for it, so the request must not be
// given the same key again.
func TestFastLimit(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcess(t, upstreamOf{name: "claude", keys: []string{"k1", "k2"}, dialect: anthropic.New(anthropic.Config{}),
		answer: counted(&calls, refusing(429, http.Header{"Anthropic-Fast-Input-Tokens-Limit": {"1"}, "Retry-After": {"5"}}, `{"error":{"type":"rate_limit_error","message":"fast"}}`))})
	w := p.post(t.Context(), hello)
	wantAnswer(t, w.Code, w.Body.String(), 429, "pool_exhausted")
	if calls != 2 || w.Header().Get("Retry-After") != "5" {
		t.Errorf("%d calls, retry-after %s; want 2 and 5", calls, w.Header().Get("Retry-After"))
	}
	p.noRest(t)
}

// TestRefusedAgainAfterRenewal: the fresh key counts against its name, and both
// calls are told.
func TestRefusedAgainAfterRenewal(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, refusing(401, nil, `{"error":{"code":"invalid_api_key"}}`))})
	p.secrets.renewed["k1"] = "fresh"
	w := p.post(t.Context(), hello)
	wantAnswer(t, w.Code, w.Body.String(), 502, "upstream_auth")
	if e := p.only(t); calls != 2 || len(e.Attempts) != 2 || e.Attempts[0].Class != upstream.Auth || e.Attempts[1].Class != upstream.Auth {
		t.Errorf("%d calls, attempts %+v; want two of class auth", calls, e.Attempts)
	}
	if got := w.Header().Get("X-Fallow-Attempts"); got != "2" {
		t.Errorf("x-fallow-attempts = %s, want 2", got)
	}
	if rests := p.pools["main"].State(t.Context()).Groups[0].Keys[0].Rests; len(rests) != 1 || rests[0].Class != "auth" {
		t.Errorf("rests = %+v, want the key in quarantine", rests)
	}
}

// TestNoProviderReached: then no header says so.
func TestNoProviderReached(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1", "k2"}, answer: saying(okBody)})
	p.secrets.down = true
	w := p.post(t.Context(), hello)
	wantAnswer(t, w.Code, w.Body.String(), 503, "key_unreadable")
	for _, name := range []string{"X-Fallow-Target", "X-Fallow-Key", "X-Fallow-Attempts", "X-Fallow-Wait-Ms"} {
		if got := w.Header().Get(name); got != "" {
			t.Errorf("%s = %q though no provider was reached", name, got)
		}
	}
	if e := p.only(t); e.Target != "" || e.Key != "" || len(e.Attempts) != 0 {
		t.Errorf("event = %+v, want no target", e)
	}
}

// TestSessionHeader: who names a conversation keeps its key, whatever is said.
func TestSessionHeader(t *testing.T) {
	t.Parallel()
	used := func(headers ...string) map[string]bool {
		b := newBench(t, newProvider(t), options{keys: []string{"k1", "k2", "k3", "k4"}})
		keys := map[string]bool{}
		for i := range 12 {
			keys[b.post(t, strings.Replace(hello, "hello", "hello "+strconv.Itoa(i), 1), headers...).Header.Get("X-Fallow-Key")] = true
		}
		return keys
	}
	if got := used("X-Fallow-Session-Id", "review-17"); len(got) != 1 {
		t.Errorf("one session used %v, want one key", got)
	}
	if got := used(); len(got) < 2 {
		t.Errorf("twelve conversations used %v, want several keys", got)
	}
}

// TestCallThatCannotBeMade: a base URL that is none breaks no other target.
func TestCallThatCannotBeMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newInProcess(t, upstreamOf{name: "%zz", keys: []string{"k1"}, answer: saying(okBody)},
			upstreamOf{name: "main", keys: []string{"k2"}, answer: saying(okBody)}).post(t.Context(), hello)
		if w.Code != 200 || w.Header().Get("X-Fallow-Target") != "main/m" {
			t.Errorf("%d %s, want 200 from main", w.Code, w.Body)
		}
	})
}
