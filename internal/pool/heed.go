package pool

import (
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
	if t.silent() && (o.Fault != nil || !b.cold) {
		return
	}
	on := scope{ofGroup, b.Group, b.want.Family} // the answer may have told whose key it is
	q := b.pool.imply(on, t)
	change, tells := t.limits(q)
	if late := o.Fault == nil && (b.cold || on != b.on); tells || late {
		b.behind(ctx, func(ctx context.Context) {
			if tells {
				_, _, _ = b.pool.update(ctx, on, change)
			}
			if late {
				b.move(ctx, on)
			}
		})
	}
	for d, at := range t.implied(q) {
		if q.limit[d] > 0 && at > q.at[d]+behindBy && at > t.at+q.burst/2 {
			b.behind(ctx, func(ctx context.Context) { _, _, _ = b.pool.update(ctx, on, drain(dimension(d), at)) })
		}
	}
}

// imply remembers what the headers implied, and returns the quota as stored.
func (p *Pool) imply(on scope, t told) quota {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.stored(on)
	if t.silent() {
		return q
	}
	known := p.implied[on]
	for d, at := range t.implied(q) {
		known[d] = max(known[d], at)
	}
	p.implied[on] = known
	return q
}

// stir changes the quota's version, so that every instance's next reservation
// fails and makes it look at what has begun to rest elsewhere than in the
// quota's own record.
func (b *Booking) stir(ctx context.Context) {
	_, _, _ = b.pool.update(ctx, b.on, store.Change{Do: []store.Assign{store.Add(attrVersion, 1)}})
}
