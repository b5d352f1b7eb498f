package gateway_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestClientsDeadline is how long a client is kept waiting for each of the ways
// in which it can say so, while the only key rests for 20 s of a minute's budget.
func TestClientsDeadline(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		headers []string
		ctx     time.Duration // of the surroundings; 0 is none
		waits   bool
	}{
		{"says nothing", nil, 0, true},
		{"waits longer", []string{"X-Fallow-Deadline", "30s"}, 0, true},
		{"does not", []string{"X-Fallow-Deadline", "19.5s"}, 0, false},
		{"in milliseconds", []string{"X-Fallow-Deadline", "1500ms"}, 0, false},
		{"its SDK does not", []string{"X-Stainless-Timeout", "19"}, 0, false},
		{"its SDK does not, says Python", []string{"X-Stainless-Read-Timeout", "19.5"}, 0, false},
		{"its SDK waits longer", []string{"X-Stainless-Timeout", "600"}, 0, true},
		{"its SDK says nothing of use", []string{"X-Stainless-Timeout", "0", "X-Stainless-Read-Timeout", "NaN"}, 0, true},
		{"its SDK says nonsense", []string{"X-Stainless-Timeout", "1e300", "X-Stainless-Read-Timeout", "None"}, 0, true},
		{"Lambda ends sooner", []string{"X-Fallow-Deadline", "30s"}, 19 * time.Second, false},
		{"the earliest counts", []string{"X-Fallow-Deadline", "19s", "X-Stainless-Timeout", "25"}, 40 * time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, wait: time.Minute, answer: counted(&calls, func(r *http.Request) (*http.Response, error) {
					if calls == 1 {
						return refusing(429, http.Header{"Retry-After": {"20"}}, slowDown)(r)
					}
					return saying(okBody)(r)
				})})
				ctx := t.Context()
				if tt.ctx > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.ctx)
					defer cancel()
				}
				began := time.Now()
				w := p.do(ctx, "POST", "/v1/chat/completions", hello, tt.headers...)
				took := time.Since(began)
				if tt.waits {
					if w.Code != 200 || took < 20*time.Second {
						t.Errorf("%d after %v, want 200 after the rest of 20 s", w.Code, took)
					}
					return
				}
				wantAnswer(t, w.Code, w.Body.String(), 429, "pool_exhausted")
				if got := w.Header().Get("Retry-After"); took > 100*time.Millisecond || got != "20" {
					t.Errorf("told after %v to come back in %s s, want at once and 20", took, got)
				}
			})
		})
	}
}

// TestDeadlineForms: one that is not understood must not be taken for none.
func TestDeadlineForms(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, saying(okBody))})
	for _, text := range []string{"20", "-1s", "0s", "soon", "2026-11-22T10:00:00Z", "1795341600000", "20 s"} {
		w := p.do(t.Context(), "POST", "/v1/chat/completions", hello, "X-Fallow-Deadline", text)
		wantAnswer(t, w.Code, w.Body.String(), 400, "invalid_deadline")
	}
	if calls != 0 {
		t.Errorf("%d calls were made", calls)
	}
}

// TestDeadlineEndsACall: an answer that has not begun by then is wanted by
// nobody; one that has goes on. Another target is not tried either.
func TestDeadlineEndsACall(t *testing.T) {
	t.Parallel()
	slowly := func(every time.Duration, pieces ...string) transport {
		return func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, nil, &paced{r.Context(), every, pieces, strings.NewReader("")})
		}
	}
	tests := []struct {
		name, body string
		answer     transport
		status     int
		took       time.Duration
	}{
		{"whole, too late", hello, slowly(11*time.Second, okBody), 504, 10 * time.Second},
		{"whole, in time", hello, slowly(9*time.Second, okBody), 200, 9 * time.Second},
		{"stream, begun too late", helloStream, slowly(11*time.Second, lines(delta("a"), finished, "[DONE]")), 504, 10 * time.Second},
		{"stream, begun in time", helloStream, slowly(9*time.Second, lines(delta("a")), lines(finished, "[DONE]")), 200, 18 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				other := 0
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer},
					upstreamOf{name: "other", keys: []string{"k2"}, answer: counted(&other, saying(okBody))})
				began := time.Now()
				w := p.do(t.Context(), "POST", "/v1/chat/completions", tt.body, "X-Fallow-Deadline", "10s")
				if took := time.Since(began).Truncate(time.Second); w.Code != tt.status || took != tt.took || other != 0 {
					t.Errorf("%d after %v and %d calls elsewhere, want %d after %v and none", w.Code, took, other, tt.status, tt.took)
				}
				p.noRest(t)
			})
		})
	}
}

// TestDeadlineBoundsPatience with a provider in trouble.
func TestDeadlineBoundsPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: refusing(503, nil, `{}`)})
		began := time.Now()
		w := p.do(t.Context(), "POST", "/v1/chat/completions", hello, "X-Fallow-Deadline", "1s")
		if took := time.Since(began); w.Code != 503 || took > time.Second {
			t.Errorf("%d after %v, want 503 within a second", w.Code, took)
		}
	})
}
