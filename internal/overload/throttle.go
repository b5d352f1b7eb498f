package overload

import (
	"sync"
	"time"
)

const (
	// throttleSpan is how far back a Throttle looks, as in the SRE book
	// ("Handling Overload"). A total outage is felt within a minute, sooner with
	// the retries it causes, and one bad second closes nothing.
	throttleSpan = 2 * time.Minute
	// perAccept is K: how many calls are made for each that is accepted before
	// any is held back. At 2, a provider that takes every other call gets all.
	perAccept = 2
	// fewCalls is how many outcomes it takes to judge a target by. Of ten, chance
	// alone often makes more than half refusals when the share is well below it.
	fewCalls = 30
	// maxRefusal leaves one call in ten to notice recovery with. A fixed rate
	// ("one a second") would be a trickle on one server but a flood from a
	// thousand Lambda instances; a share stays a share.
	maxRefusal = 0.9
)

// Throttle holds calls to a target back once the provider refuses more than
// half of them, in proportion: the adaptive throttling of the SRE book. It
// remembers the 128 targets used last and is safe for concurrent use.
type Throttle struct {
	now  func() time.Time
	rand func() float64

	mu      sync.Mutex // guards health and all in it
	targets registry[health]
}

// health is what is known of one target. Calls under way are in neither
// window: an answer takes seconds and a refusal none, so counting calls when
// they begin would make every burst look like trouble.
type health struct{ calls, accepts window }

// NewThrottle makes a throttle that lets everything through until it has learned.
func NewThrottle(cfg Config) *Throttle {
	return &Throttle{now: cfg.now(), rand: cfg.rand(), targets: newRegistry(func() health {
		return health{calls: newWindow(throttleSpan), accepts: newWindow(throttleSpan)}
	})}
}

// Allow reports whether to make a call now. Whoever is refused should go to
// another target, or tell the client to come back later.
func (t *Throttle) Allow(target Target) bool {
	p := t.refusal(target)
	return p == 0 || t.rand() >= p
}

// Note records how a call ended: accepted, or refused or failed for a reason
// that is the provider's own. Limits (429) and faults of the client say nothing
// about the provider's health and are not to be noted at all.
func (t *Throttle) Note(target Target, accepted bool) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.targets.get(target, now)
	h.calls.add(now)
	if accepted {
		h.accepts.add(now)
	}
}

func (t *Throttle) refusal(target Target) float64 {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.targets.find(target, now)
	if h == nil {
		return 0
	}
	return refusal(h.calls.sum(now), h.accepts.sum(now))
}

// refusal is the share of calls to hold back, in [0, maxRefusal].
//
// Unlike in the book, calls held back here are not among the calls. The book
// has servers that accept what they have room for, however much is asked; a
// provider shared with the world refuses a share of whatever we ask. Counting
// our own refusals would then feed them: at 60 % refused, the throttle would
// close as far as it can and reopen minutes after the provider has recovered.
func refusal(calls, accepts int) float64 {
	if calls < fewCalls {
		return 0
	}
	p := float64(calls-perAccept*accepts) / float64(calls+1)
	return min(max(p, 0), maxRefusal)
}
