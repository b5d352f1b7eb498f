package pool

import (
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/store"
)

// forget notes what a reservation took back, and what nobody will know of any
// more when a wrong clock has written.
func (f *fleet) forget(p *posting, before store.Item) {
	back, was := refund{order: len(f.stays) + len(f.refunds)}, quotaOf("g", before)
	for d := range dimensions {
		back.ms[d] = max(0, -p.r.owed[d])
		if p.by.wrong {
			back.ms[d] += max(0, was.at[d]-f.now) + 10_000
		}
	}
	f.refunds = append(f.refunds, back)
}

// ticket takes a place in the line of the batch requests, as Pool.ticket does.
// It moves nothing else, and its turn is behind all that were given before.
func (f *fleet) ticket(t *rapid.T) {
	c := f.client(t)
	now, cost := f.clock(c), rapid.Int64Range(1, 20_000).Draw(t, "cost")
	lost := rapid.IntRange(0, 4).Draw(t, "lost") == 0
	for range setTries {
		before, item, applied := f.update(t, ticketChange(now, f.view(c).batchAt, cost))
		was, is := quotaOf("g", before), quotaOf("g", item)
		if applied && (is.at != was.at || is.version != was.version || is.booked != was.booked) {
			t.Fatalf("a ticket changed %+v to %+v", was, is)
		}
		if applied && !f.wild && (is.batchAt-cost < was.batchAt || is.batchAt-cost < now) {
			t.Fatalf("a turn ends at %d and takes %d, the one before ended at %d, it was %d", is.batchAt, cost, was.batchAt, now)
		}
		if !lost {
			c.view = is
		}
		if applied || lost {
			return
		}
	}
	t.Fatal("no ticket though nobody else wrote")
}

// reserveWrong books by a clock that is hours off.
func (f *fleet) reserveWrong(t *rapid.T) {
	for tries := range 3 {
		p := f.draft(t, f.wrong, tries)
		if p == nil || f.deliver(t, p, true) {
			return
		}
	}
}

// open: whatever a wrong clock has written, who books now starts in a while.
func (f *fleet) open(t *rapid.T) {
	f.now += 1_000_000 // rests are over, and what was booked is refilled
	c := f.clients[0]
	for range 3 {
		view := f.view(c)
		g := &guest{b: &Booking{}, costs: view.costs([dimensions]int64{requests: 1})}
		r, in := gather(view, [dimensions]int64{}, [dimensions]int64{}, time.UnixMilli(f.clock(c)), []*guest{g})
		change, fits := r.change(view)
		if !fits {
			t.Fatalf("closed: %+v at %d", view, f.clock(c))
		}
		_, item, applied := f.update(t, change)
		c.view = quotaOf("g", item)
		if r.seat(f.view(c), in); applied && g.b.start.UnixMilli() > f.clock(c) {
			t.Fatalf("starts %d ms from now", g.b.start.UnixMilli()-f.clock(c))
		}
		if applied {
			return
		}
	}
	t.Fatalf("loses again and again: %+v at %d", c.view, f.clock(c))
}
