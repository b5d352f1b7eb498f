package pool

import "github.com/fallow-dev/fallow/internal/records"

// What is booked before any limit is known cannot be priced. The first answer
// tells the limits, but its headers count only what the provider had taken by
// then, and whoever waits starts at once. So those under way in this process are
// priced in that moment; of 300 requests onto one key, 36 were refused when each
// was priced by its own answer. Those of other instances are: nobody here knows
// of them.
//
// What they take is an arrival time, as if a header had told it, and not a
// correction that adds up: the headers of their own answers, which come in the
// next moment, count the same requests again, and arrival times merge by maximum.

// cool notes a booking that could not be priced.
func (b *Booking) cool() {
	if !b.cold {
		return
	}
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unpriced[b] = struct{}{}
}

// warm takes a booking out of those that thaw prices, as it is known from here
// on what it took: its own answer is there, or it has ended. It reports whether
// the booking is still to be priced.
func (b *Booking) warm() bool {
	if !b.cold {
		return false
	}
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unpriced, b)
	b.on, b.cold = b.billed, !b.thawed
	return b.cold
}

// thaw prices the bookings that wait for the limits of a quota, if those are
// known now. The lock is held.
func (p *Pool) thaw(on records.Scope) {
	if len(p.unpriced) == 0 {
		return
	}
	q := p.booked(on)
	if q.cold {
		return
	}
	var under [dimensions]int64
	for b := range p.unpriced {
		if records.GroupScope(p.groupOfKey(b.Key), b.want.Family) != on {
			continue
		}
		for d, more := range b.price(on, q) {
			under[d] += more
		}
		b.thawed = true
		delete(p.unpriced, b)
	}
	p.raise(on, q, under)
}

// raise notes the arrival time of what is under way. The lock is held.
func (p *Pool) raise(on records.Scope, q quota, under [dimensions]int64) {
	at, now := p.near(p.underway[on]), p.cfg.Now().UnixMilli()
	for d, more := range under {
		if q.limit[d] > 0 && more > 0 {
			at[d] = max(at[d], max(q.at[d], now)+more)
		}
	}
	p.underway[on] = at
}

// lower takes back from that time what a request took less. What was charged to
// the table needs no such thing. The lock is held.
func (b *Booking) lower(more [dimensions]int64) {
	if !b.thawed {
		return
	}
	at := b.pool.underway[b.on]
	for d := range at {
		at[d] += more[d]
	}
	b.pool.underway[b.on] = at
}

// price charges a booking to a quota instead of the one it was charged to, and
// returns what that adds. The lock is held.
func (b *Booking) price(on records.Scope, q quota) (more [dimensions]int64) {
	if b.billed != on {
		b.billed, b.costs = on, [dimensions]int64{}
	}
	costs := q.costs(b.pool.needs(b.want))
	for d := range dimensions {
		more[d] = costs[d] - b.costs[d]
	}
	b.costs = costs
	return more
}
