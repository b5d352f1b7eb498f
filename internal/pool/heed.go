package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// behindBy is how far headers must be ahead of what is booked before that is
// written down; less is part of the next reservation anyway.
const behindBy = 2 * time.Second

// heed takes in what an answer's headers say of the limits and of how empty
// the provider's buckets are. Foreign traffic, lost writes and outages are all
// mended here, because arrival times only merge by maximum.
func (b *Booking) heed(ctx context.Context, s upstream.Signals) {
	t := listen(s, b.pool.cfg.Now())
	if t.silent() {
		return
	}
	q := b.imply(t)
	if change, ok := t.limits(q); ok {
		b.behind(ctx, func(ctx context.Context) { _, _, _ = b.pool.update(ctx, b.on, change) })
	}
	for d, at := range t.implied(q) {
		if q.limit[d] > 0 && at > q.at[d]+behindBy.Milliseconds() {
			b.behind(ctx, func(ctx context.Context) { _, _, _ = b.pool.update(ctx, b.on, drain(dimension(d), at)) })
		}
	}
}

// imply remembers what the headers implied, and returns the quota as booked.
func (b *Booking) imply(t told) quota {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.booked(b.on)
	known := p.implied[b.on]
	for d, at := range t.implied(q) {
		known[d] = max(known[d], at)
	}
	p.implied[b.on] = known
	return q
}

// stir changes the quota's version, so that every instance's next reservation
// fails and makes it look at what has begun to rest elsewhere than in the
// quota's own record.
func (b *Booking) stir(ctx context.Context) {
	_, _, _ = b.pool.update(ctx, b.on, store.Change{Do: []store.Assign{store.Add(attrVersion, 1)}})
}
