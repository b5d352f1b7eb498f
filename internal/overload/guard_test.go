package overload_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var overloaded = &upstream.Fault{Class: upstream.Overload, Status: 529}

func begin(t *testing.T, g *overload.Guard, clientRetry int) *overload.Try {
	t.Helper()
	try, err := g.Begin(sonnet, clientRetry)
	if err != nil {
		t.Fatalf("Begin: got %v, want no error", err)
	}
	return try
}

// run fails a request until it is given up, and counts its calls, up to 100.
func run(try *overload.Try, fault *upstream.Fault, remaining time.Duration) (calls int, why overload.Reason) {
	for again := true; again && calls < 100; {
		calls++
		_, again, why = try.Next(fault, remaining)
	}
	return calls, why
}

func TestTry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		clientRetry int
		fault       upstream.Fault
		remaining   time.Duration
		calls       int
		why         overload.Reason
	}{
		{"overload", 0, upstream.Fault{Class: upstream.Overload}, time.Hour, 7, overload.Sent},
		{"server error", 0, upstream.Fault{Class: upstream.Provider}, time.Hour, 7, overload.Sent},
		{"unreachable", 0, upstream.Fault{Class: upstream.Connect}, time.Hour, 7, overload.Sent},
		{"broken off: one more, it may be billed", 0, upstream.Fault{Class: upstream.Truncated}, time.Hour, 2, overload.Sent},
		{"client's first retry", 1, upstream.Fault{Class: upstream.Overload}, time.Hour, 3, overload.Sent},
		{"client's tenth", 10, upstream.Fault{Class: upstream.Overload}, time.Hour, 1, overload.Sent},
		{"provider asks for too long", 0, upstream.Fault{Class: upstream.Overload, RetryAfter: time.Minute}, 30 * time.Second, 1, overload.TooLate},
		{"client gone", 0, upstream.Fault{Class: upstream.Connect}, 0, 1, overload.TooLate},
		{"time-out", 0, upstream.Fault{Class: upstream.Timeout}, time.Hour, 1, overload.NotTrouble},
		{"rate limit", 0, upstream.Fault{Class: upstream.RateLimit, Status: 429}, time.Hour, 1, overload.NotTrouble},
		{"client's fault", 0, upstream.Fault{Class: upstream.Client, Status: 400}, time.Hour, 1, overload.NotTrouble},
		{"a class of tomorrow", 0, upstream.Fault{Class: "new"}, time.Hour, 1, overload.NotTrouble},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := overload.NewGuard(newHand().config())
			calls, why := run(begin(t, g, tt.clientRetry), &tt.fault, tt.remaining)
			if calls != tt.calls || why != tt.why {
				t.Errorf("got %d calls and %q, want %d and %q", calls, why, tt.calls, tt.why)
			}
		})
	}
}

func TestTryWaits(t *testing.T) {
	t.Parallel()
	h := newHand()
	h.draw(.5)
	try := begin(t, overload.NewGuard(h.config()), 0)
	for i, want := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second} {
		got, again, why := try.Next(overloaded, time.Hour)
		if got != want || !again || why != "" {
			t.Errorf("retry %d: got %v, %v, %q, want %v, true and no reason", i+1, got, again, why, want)
		}
	}
}

// TestTryAllowsOneCutAmongOthers: an overload between two broken answers does
// not make the second one free.
func TestTryAllowsOneCutAmongOthers(t *testing.T) {
	t.Parallel()
	try := begin(t, overload.NewGuard(newHand().config()), 0)
	cut := &upstream.Fault{Class: upstream.Truncated}
	for i, step := range []struct {
		fault *upstream.Fault
		again bool
	}{{overloaded, true}, {cut, true}, {overloaded, true}, {cut, false}} {
		if _, again, _ := try.Next(step.fault, time.Hour); again != step.again {
			t.Errorf("after fault %d (%s): got again=%v, want %v", i+1, step.fault.Class, again, step.again)
		}
	}
}

func TestGuardSpendsTheBudgetOfAll(t *testing.T) {
	t.Parallel()
	g := overload.NewGuard(newHand().config())
	calls := 0
	var last overload.Reason
	for range 5 {
		n, why := run(begin(t, g, 1), overloaded, time.Hour)
		calls, last = calls+n, why
	}
	if calls != 15 || last != overload.Sent { // ten retries, of a reserve of twenty
		t.Fatalf("within the reserve: got %d calls and %q, want 15 and %q", calls, last, overload.Sent)
	}
	for range 30 {
		begin(t, g, 0).Accepted() // pay for six, and keep the throttle open
		begin(t, g, 2).Accepted() // a client's retry pays for nothing
	}
	for range 8 {
		n, why := run(begin(t, g, 1), overloaded, time.Hour)
		calls, last = calls+n, why
	}
	if calls != 15+8+16 || last != overload.Sent {
		t.Errorf("with what was saved: got %d calls and %q, want 39 and %q", calls, last, overload.Sent)
	}
	if n, why := run(begin(t, g, 1), overloaded, time.Hour); n != 1 || why != overload.Spent {
		t.Errorf("after it was spent: got %d calls and %q, want 1 and %q", n, why, overload.Spent)
	}
}

func TestGuardThrottles(t *testing.T) {
	t.Parallel()
	h := newHand()
	h.draw(.5)
	g := overload.NewGuard(h.config())
	under := begin(t, g, 0)
	for range 30 {
		begin(t, g, 9).Next(overloaded, time.Hour)
	}
	if _, again, why := under.Next(overloaded, time.Hour); again || why != overload.Throttled {
		t.Errorf("request under way: got again=%v and %q, want false and %q", again, why, overload.Throttled)
	}
	_, err := g.Begin(sonnet, 0)
	var fault *upstream.Fault
	if !errors.As(err, &fault) || fault.Class != upstream.Overload || fault.Status != 0 || !strings.Contains(fault.Message, "not sent") {
		t.Errorf("new request: got %v, want an overload fault that says that nothing was sent", err)
	}
	if _, err := g.Begin(opus, 0); err != nil {
		t.Errorf("another model: got %v, want no error", err)
	}
	h.pass(3 * time.Minute)
	begin(t, g, 0)
}

// TestGuardPaysForNothingUnsent: retries that are throttled, or would come too
// late, leave the budget as it is.
func TestGuardPaysForNothingUnsent(t *testing.T) {
	t.Parallel()
	h := newHand()
	h.draw(.5)
	g := overload.NewGuard(h.config())
	var waiting []*overload.Try
	for range 50 {
		waiting = append(waiting, begin(t, g, 1))
	}
	note := begin(t, g, 9)
	for range 30 {
		note.Next(overloaded, time.Hour)
	}
	for _, try := range waiting {
		if _, _, why := try.Next(overloaded, time.Hour); why != overload.Throttled {
			t.Fatalf("while throttled: got %q, want %q", why, overload.Throttled)
		}
	}
	h.draw(.95) // one of the trickle, from here on
	for range 50 {
		if _, _, why := begin(t, g, 1).Next(overloaded, time.Millisecond); why != overload.TooLate {
			t.Fatalf("with no time left: got %q, want %q", why, overload.TooLate)
		}
	}
	retries, why := 0, overload.Sent
	for retries < 100 && why == overload.Sent {
		var calls int
		calls, why = run(begin(t, g, 1), overloaded, time.Hour)
		retries += calls - 1
	}
	if want := 20; retries != want || why != overload.Spent {
		t.Errorf("then: got %d retries and %q, want the whole reserve of %d and %q", retries, why, want, overload.Spent)
	}
}

// TestGuardIgnoresWhatIsNotTrouble: neither limits nor clients that leave may
// close a target.
func TestGuardIgnoresWhatIsNotTrouble(t *testing.T) {
	t.Parallel()
	h := newHand()
	g := overload.NewGuard(h.config())
	for range 200 {
		begin(t, g, 0).Next(&upstream.Fault{Class: upstream.RateLimit}, time.Hour)
		begin(t, g, 0).Next(&upstream.Fault{Class: upstream.Client}, time.Hour)
		begin(t, g, 0).Next(&upstream.Fault{Class: upstream.Connect}, 0)
	}
	begin(t, g, 0)
}

func TestGuardConcurrently(t *testing.T) {
	t.Parallel()
	g := overload.NewGuard(overload.Config{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				try, err := g.Begin(overload.Target{Model: fmt.Sprint((i + j) % 200)}, j%3)
				if err != nil {
					t.Errorf("Begin for a target with few calls: got %v, want no error", err)
					return
				}
				if j%2 == 0 {
					try.Accepted()
				}
				if _, again, why := try.Next(overloaded, time.Hour); again != (why == "") {
					t.Errorf("Next: got again=%v and %q", again, why)
				}
			}
		})
	}
	wg.Wait()
}
