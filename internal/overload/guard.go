package overload

import (
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// Reason is why a request is not tried again at its target. The values are
// stable: logs and metrics carry them.
type Reason string

// The reasons.
const (
	// NotTrouble: the fault is not of the provider's own kind, or one that
	// trying again does not cure.
	NotTrouble Reason = "not_trouble"
	// Sent: the request has had its calls.
	Sent Reason = "sent"
	// TooLate: the wait would have outlived the client.
	TooLate Reason = "too_late"
	// Throttled: the provider refuses most calls of late.
	Throttled Reason = "throttled"
	// Spent: the retries of all requests together are as many as they may be.
	Spent Reason = "spent"
)

// Guard decides for each request whether to send it, and again after a fault.
// It remembers the 128 targets used last and is safe for concurrent use.
type Guard struct {
	cfg      Config
	throttle *Throttle
	backoff  Backoff

	mu      sync.Mutex // guards budgets
	budgets registry[*Budget]
}

// NewGuard makes a guard that lets everything through until it has learned.
func NewGuard(cfg Config) *Guard {
	return &Guard{
		cfg: cfg, throttle: NewThrottle(cfg), backoff: Backoff{Rand: cfg.rand()},
		budgets: newRegistry(func() *Budget { return NewBudget(cfg) }),
	}
}

// Begin starts a request's calls to a target. clientRetry is how often the
// client has sent it before (x-stainless-retry-count). The error, if any, is an
// *upstream.Fault of class Overload: the target is throttled, nothing was sent.
func (g *Guard) Begin(target Target, clientRetry int) (*Try, error) {
	if !g.throttle.Allow(target) {
		return nil, &upstream.Fault{Class: upstream.Overload, Code: string(Throttled),
			Message: "the provider has refused most calls of the last two minutes; this one was not sent"}
	}
	t := &Try{guard: g, target: target, budget: g.budget(target), sends: Sends(clientRetry)}
	if clientRetry <= 0 {
		t.budget.Earn()
	}
	return t, nil
}

func (g *Guard) budget(target Target) *Budget {
	now := g.cfg.now()()
	g.mu.Lock()
	defer g.mu.Unlock()
	return *g.budgets.get(target, now)
}

// Try is one request's calls to one target. It is not safe for concurrent use.
type Try struct {
	guard    *Guard
	target   Target
	budget   *Budget
	sends    int // that may be made
	troubles int // that were met
	cut      bool
}

// Accepted records that the provider took the request. To be called once, when
// the first content (or a whole answer) is here.
func (t *Try) Accepted() { t.guard.throttle.Note(t.target, true) }

// Next says what to do after a failed call: wait that long and send again, or
// leave this target, and why (empty when again). A fault that is not the
// provider's trouble is not counted.
//
// remaining is how long the request may still be kept waiting; 0 or less says
// that its client has gone. Nothing is counted then: a call that is cancelled
// half-way looks like a lost connection.
func (t *Try) Next(fault *upstream.Fault, remaining time.Duration) (wait time.Duration, again bool, why Reason) {
	switch {
	case !trouble(fault.Class):
		return 0, false, NotTrouble
	case remaining <= 0:
		return 0, false, TooLate
	}
	t.guard.throttle.Note(t.target, false)
	t.troubles++
	if t.troubles >= t.sends || t.cutAgain(fault.Class) {
		return 0, false, Sent
	}
	wait, fits := t.guard.backoff.Next(t.troubles, fault.RetryAfter, remaining)
	switch {
	case !fits:
		return 0, false, TooLate
	case !t.guard.throttle.Allow(t.target):
		return 0, false, Throttled
	case !t.budget.Take(): // last, lest a retry be paid for that is not made
		return 0, false, Spent
	}
	return wait, true, ""
}

// cutAgain reports the second answer that broke off. Each may have been billed,
// so there is one retry for that and no more.
func (t *Try) cutAgain(c upstream.Class) bool {
	before := t.cut
	t.cut = before || c == upstream.Truncated
	return before && c == upstream.Truncated
}

// trouble reports whether a fault is the provider's own and may pass. A
// time-out is not among them: a long prompt causes it too, and the client has
// waited enough.
func trouble(c upstream.Class) bool {
	switch c {
	case upstream.Overload, upstream.Provider, upstream.Connect, upstream.Truncated:
		return true
	}
	return false
}
