package pool

import (
	"context"

	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// A correction below a hundredth of the burst waits for the next ones while
	// the bucket is less than half used: it would only double the writes.
	smallShare  = 100
	relaxedRoom = 0.5
)

// unused takes back all that was booked.
func (b *Booking) unused() correction {
	c := correction{now: b.pool.cfg.Now().UnixMilli()}
	for d, cost := range b.costs {
		c.more[d] = -cost
	}
	return c
}

// difference is what a request used beyond, or short of, what was booked.
// Cache reads do not count against Anthropic's limits (docs, api/rate-limits)
// nor are they told apart by prepaid providers' limits, which count the prompt.
func (b *Booking) difference(used upstream.Usage) correction {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.quota(b.on)
	took := [dimensions]int64{requests: 1, input: used.InputTokens + used.CacheWriteTokens, output: used.OutputTokens}
	if p.cfg.Prepaid {
		took[input] += used.CacheReadTokens + used.OutputTokens
	}
	c := correction{now: p.cfg.Now().UnixMilli()}
	for d := range dimensions {
		c.more[d] = q.cost(d, took[d]) - b.costs[d]
	}
	c.more[requests] = 0
	// Small ones are owed until they are worth a write: left out, they would
	// add up to a bucket that is empty there and full here.
	for d, more := range p.owed[b.on] {
		c.more[d] += more
	}
	if c.small(q) {
		p.owed[b.on] = c.more
		return correction{}
	}
	delete(p.owed, b.on)
	return c
}

// small reports whether a correction is not worth a write.
func (c correction) small(q quota) bool {
	if q.headroom(c.now) < relaxedRoom {
		return false
	}
	for _, more := range c.more {
		if max(more, -more) > q.burst/smallShare {
			return false
		}
	}
	return true
}

// correct writes a correction. Charges are made at least once, refunds at most
// once: what goes wrong then only makes Fallow more careful for a minute.
func (b *Booking) correct(ctx context.Context, c correction) {
	p := b.pool
	for range correctTries {
		p.mu.Lock()
		q := p.booked(b.on)
		p.mu.Unlock()
		change, ok := c.change(q)
		if !ok {
			return
		}
		_, applied, err := p.update(ctx, b.on, change)
		if err != nil {
			c = c.charges()
		} else if applied {
			return
		}
	}
}

const correctTries = 3
