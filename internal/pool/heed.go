package pool

import (
	"cmp"
	"context"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// behindBy is how far headers must be ahead of what is booked before that is
// written down; less is part of the next reservation anyway.
const behindBy = 2_000

// heed takes in what an answer's headers say of the limits and of how empty
// the provider's buckets are. Foreign traffic, lost writes and outages are all
// mended here, because arrival times only merge by maximum.
func (b *Booking) heed(ctx context.Context, o Outcome) {
	cold := !b.moving && b.warm()
	t := listen(o.Signals, b.pool.cfg.Now())
	on := records.GroupScope(b.Group, b.want.Family) // the answer may have told whose key it is
	if t.silent() && (o.Fault != nil || !cold && on == b.on) {
		return
	}
	q := b.pool.imply(on, t)
	change, tells := t.limits(q)
	tells = tells && (cold || !t.silent())
	late := o.Fault == nil && (cold || on != b.on)
	if late {
		b.on, b.moving = on, true
	}
	if tells || late {
		b.behind(ctx, func(ctx context.Context) {
			if tells {
				b.pool.pass(ctx, on, t, change)
			}
			if late {
				b.move(ctx)
			}
		})
	}
	for d, at := range t.implied(q) {
		if q.limit[d] > 0 && at > q.at[d]+behindBy && at > t.at+q.burst/2 {
			b.behind(ctx, func(ctx context.Context) { _, _, _ = b.pool.update(ctx, on, drain(dimension(d), at)) })
		}
	}
}

// pass tells the others of limits. If the store cannot be told they still hold
// here, or a quota would stay unknown for as long as the store is down.
func (p *Pool) pass(ctx context.Context, on records.Scope, t told, c store.Change) {
	if _, _, err := p.update(ctx, on, c); err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.stored(on)
	for d, limit := range t.limit {
		q.limit[d] = cmp.Or(limit, q.limit[d])
	}
	q.headersAt = t.at
	p.quotas[on] = q
	p.thaw(on)
	p.wake()
}

// imply remembers what the headers implied, and returns the quota as stored.
func (p *Pool) imply(on records.Scope, t told) quota {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thaw(on) // of a key that has joined a quota which is known
	q := p.stored(on)
	if t.silent() {
		return q
	}
	known := p.told(on)
	for d, at := range t.implied(q) {
		known[d] = max(known[d], at)
	}
	p.implied[on] = known
	return q
}

// stir changes the versions of a group's quotas, so that every instance's next
// reservation fails, whichever family it is for, and makes it look at what has
// begun to rest elsewhere than in the quota's own record, or whose key it is. A
// quota that nobody has told this instance of is passed over; those who book on
// it find out with their next read of the pool.
func (p *Pool) stir(ctx context.Context, group string) {
	for _, on := range p.quotasWithin(group) {
		_, _, _ = p.update(ctx, on, store.Change{Do: []store.Assign{store.Add(records.AttrVersion, 1)}})
	}
}

// quotasWithin lists the quotas of a group that are known here.
func (p *Pool) quotasWithin(group string) []records.Scope {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []records.Scope
	for on := range p.quotas {
		if on.Name == group {
			found = append(found, on)
		}
	}
	return found
}
