package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// suffer begins the rest that a refusal calls for: here first, then for all.
func (b *Booking) suffer(ctx context.Context, f *upstream.Fault, how remedy) {
	p, now := b.pool, b.pool.cfg.Now()
	r := p.begin(how.covers(b), f, how, now)
	p.cfg.Log.Warn("rests", "rest", r.on.sort(), "key", b.Key, "group", b.Group, "class", f.Class,
		"until", time.UnixMilli(r.until).UTC(), "why", r.why)
	b.behind(ctx, func(ctx context.Context) { p.publish(ctx, r, now) })
}

// begin starts or extends a rest here, by the rules of beginChange and
// extendChange. It returns what this refusal alone calls for.
func (p *Pool) begin(on scope, f *upstream.Fault, how remedy, now time.Time) rest {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.rests[on]
	r := rest{
		on: on, set: max(now.UnixMilli(), old.set+1), count: old.count + 1,
		class: f.Class, why: reason(f), quarantine: how.quarantine, draft: true,
	}
	if old.until > now.UnixMilli() { // one of several refusals that met the same limit
		r.set, r.count, r.quarantine = old.set, old.count, old.quarantine || how.quarantine
	}
	length := stretch(how.length(f, now, r.count-1), p.cfg.Rand())
	// Rounded up: the provider counts an early return as another refusal.
	r.until = now.Add(length + time.Millisecond - 1).UnixMilli()
	if r.until > old.until {
		p.put(r)
	}
	return r
}

// publish tells the other instances, and takes in what they know better. It
// does so even when the rest known here outlasts r: an operator may have
// cleared that one, and then r is what is left.
func (p *Pool) publish(ctx context.Context, r rest, now time.Time) {
	for range setTries {
		told, applied, err := p.write(ctx, r.on, beginChange(now, r))
		if err == nil && !applied && told.until <= now.UnixMilli() {
			r.set, r.count = told.set+1, told.count+1 // it was begun and ended unheard of here
			continue
		}
		if err == nil && !applied && told.until < r.until {
			told, _, err = p.write(ctx, r.on, extendChange(told.set, r))
		}
		if err == nil {
			p.remember(told)
		}
		return
	}
}

// reason puts a refusal into words for the people who read the pool's state.
func reason(f *upstream.Fault) string {
	switch {
	case f.RetryAfter > 0:
		return fmt.Sprintf("provider said %s, retry after %s", f.Class, f.RetryAfter.Round(time.Second))
	case f.Code != "":
		return fmt.Sprintf("provider said %s (%s)", f.Class, f.Code)
	default:
		return fmt.Sprintf("provider said %s", f.Class)
	}
}
