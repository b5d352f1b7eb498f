package pool

import (
	"context"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
)

// A counter is where the requests of one process meet that book on one quota;
// those that people wait for have their own. While a write is under way, those
// who come gather and are booked together by the next one: each alone would
// lose to the others, again and again, and cost a write each time. On Lambda,
// one request at a time, nobody ever meets.
type counter struct {
	on    records.Scope
	batch bool
}

// party is a number of requests that wait to be booked by one write.
type party struct {
	guests []*guest
	turn   chan struct{} // closed when its write may begin
	done   chan struct{} // closed when every guest knows its outcome
}

// guest is one request of a party.
type guest struct {
	b     *Booking
	costs [dimensions]int64 // by the limits in force when its party is booked
	delay int64             // ms: how far in the future its start may lie
	known bool              // whether the shared state could be read
	// ok and outdated are the outcome: booked, or lost, and then whether the
	// knowledge of other groups should be renewed too.
	ok, outdated bool
}

// queue books a guest with whoever else is waiting for the same quota.
func (p *Pool) queue(ctx context.Context, g *guest) {
	p.mu.Lock()
	at := counter{g.b.on, g.b.want.Batch}
	mine, busy := p.lines[at]
	if !busy {
		p.lines[at] = nil
		p.mu.Unlock()
		p.serve(ctx, at, []*guest{g})
		return
	}
	leads := mine == nil
	if leads {
		mine = &party{turn: make(chan struct{}), done: make(chan struct{})}
		p.lines[at] = mine
	}
	mine.guests = append(mine.guests, g)
	p.mu.Unlock()
	if !leads {
		<-mine.done
		return
	}
	<-mine.turn
	p.serve(ctx, at, mine.guests)
	close(mine.done)
}

// serve books some guests and calls the next party. It serves others too, and
// so is not ended with the request that leads.
func (p *Pool) serve(ctx context.Context, at counter, guests []*guest) {
	p.reserve(context.WithoutCancel(ctx), at.on, guests)
	p.mu.Lock()
	defer p.mu.Unlock()
	if next := p.lines[at]; next != nil {
		p.lines[at] = nil
		close(next.turn)
	} else {
		delete(p.lines, at)
	}
}

// reserve makes the write for as many guests as find room by what is known.
// The others have lost and choose again. When the store cannot be asked, all
// go on local knowledge.
func (p *Pool) reserve(ctx context.Context, on records.Scope, guests []*guest) {
	p.mu.Lock()
	q, implied, owed, now := p.booked(on), p.hinted(on), p.owed[on], p.cfg.Now()
	delete(p.owed, on) // it goes along
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.owe(on, owed)
	}()
	for _, g := range guests { // priced now: limits may have changed while they gathered
		g.costs = q.costs(p.needs(g.b.want))
	}
	r, in := gather(q, implied, owed, now, guests)
	change, fits := r.change(q)
	if !fits {
		return
	}
	if !in[0].known { // a store that could not be read will hardly be written
		p.alone(on, r, q, in)
		return
	}
	item, applied, err := p.update(ctx, on, change)
	switch {
	case err != nil:
		owed = correction{more: owed}.charges().more // refunds are made at most once
		p.alone(on, r, q, in)
	case applied:
		for d, more := range r.owed {
			owed[d] -= more
		}
		r.seat(p.known(quotaOf(on.Name, item)), in)
		p.seated(in)
	default:
		p.remember(restOf(item))
		for _, g := range guests {
			g.outdated = q.cold || quotaOf(on.Name, item).version != q.version || restOf(item).Stands(now)
		}
	}
}

// gather makes one reservation of those guests that find room in time, in the
// order in which they came.
func gather(q quota, implied, owed [dimensions]int64, now time.Time, guests []*guest) (r reservation, in []*guest) {
	r = reservation{now: now.UnixMilli(), implied: implied, owed: owed, batch: guests[0].b.want.Batch}
	for _, g := range guests {
		if len(in) == 0 {
			r.probe = g.probes()
		} else if in[0].alone(q) || g.alone(q) {
			continue
		}
		next := r.with(g, len(in) == 0)
		if len(in) > 0 && !next.fits(q) {
			continue
		}
		r, in = next, append(in, g)
	}
	for d := range dimensions {
		// Nobody waits for what is taken back ahead of those who book.
		r.owed[d] = max(r.owed[d], -r.costs[d])
		// A guess at the branch must not be made for its sake alone.
		if slices.Max(r.delay[:]) > 0 || r.costs[d] == 0 && q.at[d] < r.now-idle {
			r.owed[d] = 0
		}
	}
	return r, in
}

// alone reports whether a guest goes without others: a probe, and one that is
// larger than the burst, which makes room for itself that others must not use.
func (g *guest) alone(q quota) bool {
	return g.probes() || slices.Max(g.costs[:]) > g.b.want.share(q).burst
}

// with adds a guest behind those who are in.
func (r reservation) with(g *guest, first bool) reservation {
	for d := range dimensions {
		r.costs[d] += g.costs[d]
		r.largest[d] = max(r.largest[d], g.costs[d])
		// Those before it get their room earlier by what it takes.
		if r.delay[d] += g.costs[d]; first || g.delay < r.delay[d] {
			r.delay[d] = g.delay
		}
	}
	return r
}

// seat tells each guest its start.
func (r reservation) seat(after quota, in []*guest) {
	behind := r.costs
	for d, more := range r.owed {
		behind[d] += more
	}
	for _, g := range in {
		for d := range dimensions {
			behind[d] -= g.costs[d]
		}
		g.b.tail, g.b.version, g.b.cold = after.at, after.version, after.cold
		for d := range dimensions {
			g.b.tail[d] -= behind[d]
		}
		g.b.costs, g.b.room = g.costs, r.rooms(after, g.costs)
		g.b.start = time.UnixMilli(g.b.begins(r.now))
		g.ok = true
	}
}

// alone books in this instance's copy only, so that one process still keeps to
// the limits it knows while the store is away.
func (p *Pool) alone(on records.Scope, r reservation, q quota, in []*guest) {
	q = q.raised(r.implied)
	for d := range dimensions {
		if q.limit[d] > 0 {
			q.at[d] = max(q.at[d], r.now) + r.costs[d]
		}
	}
	p.mu.Lock()
	seen := p.stored(on) // not the limits that are only assumed
	seen.at = q.at
	p.quotas[on] = seen
	p.mu.Unlock()
	r.seat(q, in)
	p.seated(in)
	for _, g := range in {
		g.b.costs = [dimensions]int64{} // nothing of it stands in the store
	}
}
