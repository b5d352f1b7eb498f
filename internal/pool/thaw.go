package pool

import "github.com/fallow-dev/fallow/internal/records"

// What is booked before any limit is known cannot be priced. The first answer
// tells the limits, but its headers count only what the provider had taken by
// then, and whoever waits starts at once. So those under way in this process are
// priced in that moment, and the next reservation takes what they lack along; of
// 300 requests onto one key, 36 were refused when each was priced by its own
// answer. Those of other instances are: nobody here knows of them.

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
	owed := p.owed[on]
	for b := range p.unpriced {
		if records.GroupScope(p.groupOfKey(b.Key), b.want.Family) != on {
			continue
		}
		for d, more := range b.price(on, q) {
			if q.limit[d] > 0 {
				owed[d] += more
			}
		}
		b.thawed = true
		delete(p.unpriced, b)
	}
	p.owed[on] = owed
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
