package overhead

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// serving is a handler's target.
func serving(t *testing.T, h http.Handler) Target {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return Target{Addr: s.Listener.Addr().String()}
}

func dialed(t *testing.T, to Target) *conn {
	t.Helper()
	c, err := dial(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// TestAnswers: the upstream's own, and by way of the bare proxy.
func TestAnswers(t *testing.T) {
	t.Parallel()
	upstream := serving(t, Upstream())
	base, err := url.Parse("http://" + upstream.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]Target{"direct": upstream, "by proxy": serving(t, Proxy(base))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dialed(t, to)
			for _, w := range []Workload{small, largeStream, large, {Name: "paced", Bytes: 300, Events: 3, Pace: 10 * time.Millisecond}} {
				events, began := 0, time.Now()
				a, err := c.do(to.request(w, 0), func(n int) { events += n })
				if err != nil {
					t.Fatalf("%s: %v", w.Name, err)
				}
				if want := w.Events + 3; w.Stream() && events != want { // the reason, the count, the mark
					t.Errorf("%s: %d events, want %d", w.Name, events, want)
				}
				if span, want := a.last.Sub(began), w.Pace*time.Duration(max(0, w.Events-1)); span < want {
					t.Errorf("%s: took %s, want %s at least", w.Name, span, want)
				}
				if a.first.Before(began) || a.last.Before(a.first) {
					t.Errorf("%s: first content and end are out of order", w.Name)
				}
			}
		})
	}
}

// TestFailuresAreSeen: a benchmark that takes them for answers praises who fails fast.
func TestFailuresAreSeen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no room", http.StatusTooManyRequests) }, "status 429: no room"},
		{"cut stream", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "data: {}\n\ndata: ") }, errCut.Error()},
		{"empty", func(http.ResponseWriter, *http.Request) {}, errCut.Error()},
		{"cut connection", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "data: {}\n\n")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "unexpected EOF"},
		{"no keep-alive", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "{}")
		}, "closes the connection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			to := serving(t, tt.answer)
			_, err := dialed(t, to).do(to.request(small, 0), nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("do = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestEndingIsThatOfTheWhole: however an answer is cut into pieces, its events
// and its end are the same.
func TestEndingIsThatOfTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.IntRange(0, 6).Draw(t, "events")
		whole := strings.Repeat(`data: {"a":1}`+"\n\n", events) + "data: [DONE]\n\n"
		if rapid.Bool().Draw(t, "cut") {
			whole = whole[:len(whole)-5]
		}
		var e ending
		count := 0
		for rest := whole; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			count += e.take([]byte(rest[:n]))
			rest = rest[n:]
		}
		if want := strings.Count(whole, "\n\n"); count != want {
			t.Fatalf("%d events, want %d", count, want)
		}
		if got, want := e.complete(), strings.HasSuffix(whole, "[DONE]\n\n"); got != want {
			t.Fatalf("complete = %v, want %v, of %q", got, want, whole)
		}
	})
}

func TestClosedLoopCounts(t *testing.T) {
	t.Parallel()
	n := closed(t.Context(), serving(t, Upstream()), small, 4, 50*time.Millisecond)
	if n.problem != nil || n.within.Load() == 0 || n.all.Load() < n.within.Load() || int64(len(n.took)) != n.all.Load() {
		t.Errorf("within %d, all %d, timed %d, problem %v", n.within.Load(), n.all.Load(), len(n.took), n.problem)
	}
	failing := serving(t, http.NotFoundHandler())
	if n := closed(t.Context(), failing, small, 2, 50*time.Millisecond); n.failed.Load() == 0 || n.all.Load() != 0 || n.problem == nil {
		t.Errorf("of a target that fails: %d failed, %d answered, problem %v", n.failed.Load(), n.all.Load(), n.problem)
	}
	nobody := Target{Addr: "127.0.0.1:1"}
	if n := closed(t.Context(), nobody, small, 1, 20*time.Millisecond); n.failed.Load() == 0 {
		t.Error("a target that is not there did not fail")
	}
}

// TestOpenLoopCountsFromTheMoment: a contestant that takes one request at a time
// cannot hide that the others wait.
func TestOpenLoopCountsFromTheMoment(t *testing.T) {
	t.Parallel()
	const each = 20 * time.Millisecond
	direct, turn := serving(t, Upstream()), make(chan struct{}, 1)
	slow := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn <- struct{}{}
		defer func() { <-turn }()
		<-time.After(each)
		Upstream().ServeHTTP(w, r)
	}))
	pairs := open(t.Context(), slow, direct, small, 100, 200*time.Millisecond, 1) // twice what it carries
	s, problem := opened(pairs)
	if problem != nil || s.Items != 20 || s.Failed != 0 {
		t.Fatalf("%g answered, %g failed, problem %v, want 20 answered", s.Items, s.Failed, problem)
	}
	if wait := micros(5 * each); s.P99 < wait || s.AddedP99 < wait {
		t.Errorf("p99 = %.0f us, added %.0f, want %.0f at least: the queue was not counted", s.P99, s.AddedP99, wait)
	}
	if s.P50 < s.FirstP50 || s.Paired <= 0 {
		t.Errorf("p50 %g, first %g, paired %g", s.P50, s.FirstP50, s.Paired)
	}
}

func TestOpenLoopCountsFailures(t *testing.T) {
	t.Parallel()
	direct := serving(t, Upstream())
	s, problem := opened(open(t.Context(), serving(t, http.NotFoundHandler()), direct, small, 100, 50*time.Millisecond, 1))
	if s.Failed != 5 || s.Items != 0 || problem == nil {
		t.Errorf("%g failed, %g answered, problem %v, want 5 failed", s.Failed, s.Items, problem)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, problem := opened(open(ctx, direct, direct, small, 100, 50*time.Millisecond, 1)); !errors.Is(problem, context.Canceled) {
		t.Errorf("problem = %v, want that the run was ended", problem)
	}
}

func TestLineBoundsWhatWaits(t *testing.T) {
	t.Parallel()
	l := newLine(Target{Addr: "127.0.0.1:1"}, small)
	for range mostWaiting {
		l.waiting[&conn{}] = true
	}
	if _, err := l.take(); !errors.Is(err, errBehind) {
		t.Errorf("take = %v, want %v", err, errBehind)
	}
}
