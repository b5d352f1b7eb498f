package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
)

// A place in a line is a start in the future, behind what those ahead had booked.
// When they turn out to take less, the room is free before: newcomers would get it,
// ahead of those who wait, or nobody. So those who wait move up by what this
// process has corrected since they were booked. What other instances have is not
// known here; their requests wait by themselves.

// glance is how often who waits looks whether its place has come sooner.
const glance = time.Second

// spare notes by how much a request took less, or more, than was booked for it. The
// lock is held.
func (p *Pool) spare(on records.Scope, more [dimensions]int64) {
	total := p.corrected[on]
	for d := range total {
		total[d] += more[d]
	}
	p.corrected[on] = total
}

// seated notes what had been corrected when a booking got its place.
func (p *Pool) seated(in []*guest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range in {
		g.b.corrected = p.corrected[g.b.on]
	}
}

// due is when the booked place may be taken: at its start, or before. Nothing
// moves it back, as clients were promised their start; and what headers have told
// holds, whatever was corrected.
func (b *Booking) due() time.Time {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	implied, spared, due := p.hinted(b.on), p.corrected[b.on], int64(0)
	for d, room := range b.room {
		if room > 0 {
			before := b.tail[d] + min(0, spared[d]-b.corrected[d])
			due = max(due, max(before, implied[d]+b.costs[d])-room)
		}
	}
	if sooner := time.UnixMilli(due); sooner.Before(b.start) {
		return sooner
	}
	return b.start
}

// await sleeps until the booked place may be taken. It reports how long that took,
// and false when the context ended first.
func (b *Booking) await(ctx context.Context) (waited time.Duration, ok bool) {
	p := b.pool
	began := p.cfg.Now()
	for {
		now := p.cfg.Now()
		left := b.due().Sub(now)
		if left <= 0 {
			return now.Sub(began), true
		}
		if !p.pause(ctx, min(left, glance)) {
			return now.Sub(began), false
		}
	}
}
