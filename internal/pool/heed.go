package pool

import (
	"cmp"
	"context"

	"github.com/fallow-dev/fallow/internal/store"
)

// behindBy is how far headers must be ahead of what is booked before that is
// written down; less is part of the next reservation anyway.
const behindBy = 2_000

// heed takes in what an answer's headers say of the limits and of how empty
// the provider's buckets are. Foreign traffic, lost writes and outages are all
// mended here, because arrival times only merge by maximum.
func (b *Booking) heed(ctx context.Context, o Outcome) {
	t := listen(o.Signals, b.pool.cfg.Now())
	on := scope{ofGroup, b.Group, b.want.Family} // the answer may have told whose key it is
	if t.silent() && (o.Fault != nil || !b.cold && on == b.on) {
		return
	}
	q := b.pool.imply(on, t)
	change, tells := t.limits(q)
	tells = tells && (b.cold || !t.silent())
	from, late := b.on, o.Fault == nil && (b.cold || on != b.on)
	if late {
		b.on, b.moving = on, true
	}
	if tells || late {
		b.behind(ctx, func(ctx context.Context) {
			if tells {
				b.pool.pass(ctx, on, t, change)
			}
			if late {
				b.move(ctx, from)
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
func (p *Pool) pass(ctx context.Context, on scope, t told, c store.Change) {
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
	p.wake()
}

// imply remembers what the headers implied, and returns the quota as stored.
func (p *Pool) imply(on scope, t told) quota {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.stored(on)
	if t.silent() {
		return q
	}
	known := p.hinted(on)
	for d, at := range t.implied(q) {
		known[d] = max(known[d], at)
	}
	p.implied[on] = known
	return q
}

// stir changes a quota's version, so that every instance's next reservation
// fails and makes it look at what has begun to rest elsewhere than in the
// quota's own record, or whose key it is.
func (p *Pool) stir(ctx context.Context, on scope) {
	_, _, _ = p.update(ctx, on, store.Change{Do: []store.Assign{store.Add(attrVersion, 1)}})
}
