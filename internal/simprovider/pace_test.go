package simprovider

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// timed notes when each event of a stream was written.
type timed struct {
	*httptest.ResponseRecorder
	start  time.Time
	events []time.Duration
}

func (w *timed) Write(b []byte) (int, error) {
	w.events = append(w.events, time.Since(w.start))
	return w.ResponseRecorder.Write(b)
}

var tenSeconds = Latency{FirstToken: Spread{P50: 2 * time.Second}, Total: Spread{P50: 10 * time.Second}}

func TestStreamKeepsItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Latency: tenSeconds})
		w := &timed{ResponseRecorder: httptest.NewRecorder(), start: time.Now()}
		p.ServeHTTP(w, newRequest(t.Context(), http.MethodPost, messagesPath, "sim-key-1", haikuStream))
		first, last := w.events[0], w.events[len(w.events)-1]
		if first != 2*time.Second || last != 10*time.Second {
			t.Errorf("from %v to %v, want 2s to 10s", first, last)
		}
		if middle := w.events[len(w.events)/2]; middle < 5*time.Second || middle > 7*time.Second {
			t.Errorf("the middle event came after %v, want about 6s", middle)
		}
	})
}

func TestOutputIsChargedAsItIsProduced(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"stream": haikuStream, "whole": haiku} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := New(Config{Latency: tenSeconds})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					p.ServeHTTP(httptest.NewRecorder(), newRequest(ctx, http.MethodPost, messagesPath, "sim-key-1", body))
				}()
				output := func() int64 { return p.Stats().Total().OutputTokens }
				time.Sleep(time.Second)
				synctest.Wait()
				if got := output(); got != 0 {
					t.Errorf("%d tokens before the first one", got)
				}
				time.Sleep(5 * time.Second)
				synctest.Wait()
				half := output()
				if half < 15 || half > 45 {
					t.Errorf("%d tokens in the middle of about 60, want about half", half)
				}
				left := time.Now()
				cancel()
				<-done
				if waited := time.Since(left); waited > 0 {
					t.Errorf("went on for %v after the client had left", waited)
				}
				if got := output(); got != half {
					t.Errorf("%d tokens charged, want the %d that were produced", got, half)
				}
				if c := p.Stats().Total(); c.Broken != 1 || c.InFlight != 0 {
					t.Errorf("counts %+v, want one broken", c)
				}
			})
		})
	}
}

func TestLeavingBeforeTheFirstToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Latency: tenSeconds})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		p.ServeHTTP(w, newRequest(ctx, http.MethodPost, messagesPath, "sim-key-1", haikuStream))
		if c := p.Stats().Total(); c.Broken != 1 || c.InputTokens != 0 || w.Body.Len() != 0 {
			t.Errorf("counts %+v and %d bytes, want one broken and nothing written", c, w.Body.Len())
		}
	})
}

func TestDelays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		fault       Fault
		body        string
		first, last time.Duration
	}{
		{"slow stream", Fault{Effect: fault.Slow, Delay: 30 * time.Second}, haikuStream, 30 * time.Second, 30 * time.Second},
		{"slow whole", Fault{Effect: fault.Slow, Delay: 30 * time.Second}, haiku, 30 * time.Second, 30 * time.Second},
		{"stalled stream", Fault{Effect: fault.Stall, Chunks: 2, Delay: 90 * time.Second}, haikuStream, 0, 90 * time.Second},
		{"stalled whole", Fault{Effect: fault.Stall, Delay: 90 * time.Second}, haiku, 90 * time.Second, 90 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := New(Config{})
				p.Inject(tt.fault)
				w := &timed{ResponseRecorder: httptest.NewRecorder(), start: time.Now()}
				p.ServeHTTP(w, newRequest(t.Context(), http.MethodPost, messagesPath, "sim-key-1", tt.body))
				if first, last := w.events[0], w.events[len(w.events)-1]; first != tt.first || last != tt.last {
					t.Errorf("from %v to %v, want %v to %v", first, last, tt.first, tt.last)
				}
				if strings.Contains(tt.body, "stream") && !strings.Contains(w.Body.String(), "message_stop") {
					t.Error("the stream did not come to its end")
				}
				if got := p.Stats().Total().Answered; got != 1 {
					t.Errorf("%d answered, want 1", got)
				}
			})
		})
	}
}

// TestShortPiecesAreSentTogether: however fine the pieces, there is no more
// than one pause in each tick.
func TestShortPiecesAreSentTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pauses := 0
		p := New(Config{
			AnswerTokens: 2000, Latency: Latency{Total: Spread{P50: 100 * time.Millisecond}},
			Sleep: func(ctx context.Context, d time.Duration) error { pauses++; return sleep(ctx, d) },
		})
		body := strings.Replace(haikuStream, `"max_tokens":100`, `"max_tokens":5000`, 1)
		p.ServeHTTP(httptest.NewRecorder(), newRequest(t.Context(), http.MethodPost, messagesPath, "sim-key-1", body))
		if out := p.Stats().Total().OutputTokens; out < 1500 || pauses == 0 || pauses > 11 {
			t.Errorf("%d tokens with %d pauses, want a long answer in 100ms with at most 11", out, pauses)
		}
	})
}

func TestSpreadHasItsPercentiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	s := Spread{P50: 11 * time.Second, P95: 28 * time.Second}
	const n = 20_000
	var below50, below95 int
	for range n {
		d := s.draw(r)
		if d < s.P50 {
			below50++
		}
		if d < s.P95 {
			below95++
		}
	}
	if got := float64(below50) / n; math.Abs(got-0.5) > 0.02 {
		t.Errorf("%.3f lie below the median", got)
	}
	if got := float64(below95) / n; math.Abs(got-0.95) > 0.01 {
		t.Errorf("%.3f lie below the 95th percentile", got)
	}
	if d := (Spread{P95: time.Second}).draw(r); d != 0 {
		t.Errorf("a zero median gave %v", d)
	}
	if d := (Spread{P50: time.Second, P95: time.Millisecond}).draw(r); d != time.Second {
		t.Errorf("a P95 below the median gave %v, want 1s", d)
	}
}

func TestTotalIsNeverBeforeTheFirstToken(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	l := Latency{FirstToken: Spread{P50: time.Second, P95: 10 * time.Second}, Total: Spread{P50: time.Second}}
	for range 1000 {
		if first, total := l.draw(r); total < first {
			t.Fatalf("total %v before first %v", total, first)
		}
	}
}

// TestScript: the same question takes the same time, whoever was served before.
func TestScript(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Latency: tenSeconds, Script: func(line string) (Part, bool) {
			return Part{FirstToken: 3 * time.Second, Total: time.Second, Tokens: 200}, line == "hello"
		}})
		took := func(body string) (time.Duration, int) {
			start := time.Now()
			w := httptest.NewRecorder()
			p.ServeHTTP(w, newRequest(t.Context(), http.MethodPost, messagesPath, "sim-key-1", body))
			return time.Since(start), w.Body.Len()
		}
		if d, size := took(haiku); d != 3*time.Second || size < 600 {
			t.Errorf("the scripted answer took %v and had %d bytes, want 3s and some 200 words", d, size)
		}
		if d, _ := took(strings.Replace(haiku, "hello", "good morning", 1)); d != 10*time.Second {
			t.Errorf("another answer took %v, want the usual 10s", d)
		}
	})
}
