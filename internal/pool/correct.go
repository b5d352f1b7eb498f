package pool

import (
	"context"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// A correction below these parts of the burst is owed: it is written with
	// the next reservation on the quota, or when it has grown. Written by itself
	// it would only double the writes. While a dimension is less than half used
	// nobody suffers if a little of it is missing.
	relaxedPart = 20
	tightPart   = 200
	relaxed     = 0.5
)

// correction settles what a request really took against what was booked: the
// differences in ms of refill, positive when it took more.
type correction struct {
	now  int64
	more [dimensions]int64
	// tail, if not 0, are the arrival times beyond which nothing is taken back:
	// somebody has booked behind and waits.
	tail [dimensions]int64
}

// change makes the write. Like a reservation it adds to the arrival time of a
// busy bucket and sets that of an idle one: what is added to a time long past
// would be forgotten. ok is false when there is nothing to write.
func (c correction) change(q quota) (change store.Change, ok bool) {
	var when []store.Cond
	for d := range dimensions {
		more := c.more[d]
		switch {
		case q.limit[d] <= 0 || more == 0:
		case more < 0:
			if c.tail[d] > 0 {
				when = append(when, store.Is(attrAt[d], store.LE, store.Num(c.tail[d])))
			}
			change.Do = append(change.Do, store.Add(attrAt[d], more))
		case q.busy(d, c.now, c.now-idle, more):
			when = append(when, store.Is(attrAt[d], store.GE, store.Num(c.now-idle)))
			change.Do = append(change.Do, store.Add(attrAt[d], more))
		default:
			when = append(when, store.AbsentOr(attrAt[d], store.LE, store.Num(c.now)))
			change.Do = append(change.Do, store.Set(attrAt[d], store.Num(c.now+more)))
		}
	}
	if len(when) > 0 {
		change.If = store.All(when...)
	}
	return change, len(change.Do) > 0
}

// charges is the correction without its refunds, which may be repeated.
func (c correction) charges() correction {
	for d, more := range c.more {
		c.more[d] = max(0, more)
	}
	return c
}

// urgent reports whether a correction cannot wait for the next reservation.
func (c correction) urgent(q quota) bool {
	for d := range dimensions {
		part := int64(relaxedPart)
		if q.free(d, c.now) < relaxed {
			part = tightPart
		}
		if more := c.more[d]; q.limit[d] > 0 && max(more, -more) > q.burst/part {
			return true
		}
	}
	return false
}

// unused takes back all that was booked.
func (b *Booking) unused() correction {
	c := correction{now: b.pool.cfg.Now().UnixMilli()}
	for d, cost := range b.costs {
		c.more[d] = -cost
	}
	return c
}

// took is what a request used of each dimension. Cache reads do not count
// against Anthropic's limits (docs, api/rate-limits); prepaid providers' count
// the whole prompt, and the output with it.
func (p *Pool) took(used upstream.Usage) [dimensions]int64 {
	n := [dimensions]int64{requests: 1, input: used.InputTokens + used.CacheWriteTokens, output: used.OutputTokens}
	if p.cfg.Prepaid {
		n[input] += used.CacheReadTokens + used.OutputTokens
	}
	return n
}

// difference is what a request used beyond, or short of, what was booked, with
// what is owed of earlier ones. It is none if all of that can wait. What is
// then left out is owed: it would else add up to a bucket that is empty there
// and full here.
func (b *Booking) difference(took [dimensions]int64, of ...dimension) correction {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.quota(b.on)
	c := correction{now: p.cfg.Now().UnixMilli(), more: p.owed[b.on]}
	var more [dimensions]int64
	for _, d := range of {
		cost := q.cost(d, took[d])
		more[d] = cost - b.costs[d]
		c.more[d] += more[d]
		b.costs[d] = cost
	}
	p.spare(b.on, more)
	b.lower(more)
	delete(p.owed, b.on)
	if !c.urgent(q) {
		p.owe(b.on, c.more)
		return correction{}
	}
	return c
}

// move charges what was booked on another scope, or could not be priced because
// nobody knew the limits yet, to the quota that the answer has told of.
func (b *Booking) move(ctx context.Context) {
	p := b.pool
	p.mu.Lock()
	q := p.booked(b.on)
	c := correction{now: p.cfg.Now().UnixMilli(), more: b.price(b.on, q)}
	b.cold = q.cold
	p.mu.Unlock()
	b.correct(ctx, c)
}

// owe keeps a correction for the next write on a quota. The lock is held.
func (p *Pool) owe(on records.Scope, more [dimensions]int64) {
	for d, have := range p.owed[on] {
		more[d] += have
	}
	if more == [dimensions]int64{} {
		delete(p.owed, on)
		return
	}
	p.owed[on] = more
}

// correctTries bounds how often a correction is written. One repetition with
// the exact state is enough, unless others write at the same moment.
const correctTries = 3

// correct writes a correction. Charges are made at least once, refunds at most
// once: what goes wrong then only makes Fallow more careful for a minute. What a
// table that is down has not taken is let go: when it is back the provider has
// refilled most of it, and headers tell the rest. Owed until then, the charges
// of an outage would make everybody wait after it.
func (b *Booking) correct(ctx context.Context, c correction) {
	p, down := b.pool, false
	for range correctTries {
		p.mu.Lock()
		q := p.booked(b.on)
		p.mu.Unlock()
		change, ok := c.change(q)
		if !ok {
			return
		}
		_, applied, err := p.update(ctx, b.on, change)
		if down = err != nil; down {
			c = c.charges()
		} else if applied {
			return
		}
	}
	if !down {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.owe(b.on, c.charges().more)
	}
}
