package pool

import (
	"fmt"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// ExhaustedError says that no key frees in time. It is an ordinary result.
type ExhaustedError struct {
	Pool string
	// RetryAfter is the time until the earliest key is free, exactly; 0 when
	// none will be (the request has tried them all).
	RetryAfter time.Duration
	// Class is what all keys rest for when they share one cause, such as
	// upstream.Billing; upstream.RateLimit when causes are mixed or a key does
	// not rest at all.
	Class upstream.Class
	// Why names the keys and their causes, for logs and operators. It holds
	// key names and must not be shown to clients.
	Why string
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("pool %s has no key free: %s", e.Pool, e.Why)
}

func (p *Pool) exhausted(want Want, c choice) *ExhaustedError {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &ExhaustedError{Pool: p.cfg.Name}
	if !c.never() {
		e.RetryAfter = max(0, c.soonest().Sub(c.now))
	}
	var why []string
	for i, k := range p.cfg.Keys {
		r := p.worst(k.Name, p.places[i].group, want, c.now)
		if r.Class == "" && !want.Tried[k.Name] {
			r = p.full(p.places[i].group, want, c.now)
		}
		if i == 0 {
			e.Class = r.Class
		}
		if r.Class == "" || r.Class != e.Class {
			e.Class = upstream.RateLimit
		}
		why = append(why, k.Name+": "+r.describe(c.now))
	}
	e.Why = strings.Join(why, "; ")
	return e
}

// worst returns the rest that keeps a key away longest; the zero rest if none
// does. The lock is held.
func (p *Pool) worst(key, group string, want Want, now time.Time) rest {
	var worst rest
	var latest time.Time
	for _, on := range scopesOf(key, group, want) {
		if at, _ := p.rests[on].free(now); at.After(latest) {
			worst, latest = p.rests[on], at
		}
	}
	return worst
}

// full is the rest that a quota without room amounts to. The lock is held.
func (p *Pool) full(group string, want Want, now time.Time) rest {
	q := want.share(p.quota(records.GroupScope(group, want.Family)))
	return rest{Rest: records.Rest{
		Class: upstream.RateLimit, Why: "its quota is booked until then",
		Until: q.start(now.UnixMilli(), q.costs(p.needs(want))),
	}}
}

// describe says in words what keeps a key away, for operators. The zero rest
// stands for a request that has used the key up.
func (r rest) describe(now time.Time) string {
	free, probe := r.free(now)
	switch {
	case !free.IsZero() && r.Until > now.UnixMilli():
		return fmt.Sprintf("rests until %s (%s)", free.UTC().Format("2006-01-02 15:04:05 MST"), r.Why)
	case !free.IsZero():
		return fmt.Sprintf("is being probed (%s)", r.Why)
	case probe:
		return fmt.Sprintf("waits for a probe (%s)", r.Why)
	default:
		return "already tried by this request"
	}
}
