package pool

import (
	"context"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Book returns a key that may be used now. When none is free it waits for the
// earliest, at most for what is left of the wait budget and until the context's
// deadline; if that is not enough it returns an *ExhaustedError at once. The
// context's own error is returned when it ends first.
func (p *Pool) Book(ctx context.Context, want Want) (*Booking, error) {
	if want.Conversation == "" {
		want.Conversation = strconv.FormatFloat(p.cfg.Rand(), 'g', -1, 64)
	}
	s := search{p: p, want: want, began: p.cfg.Now()}
	s.deadline = p.deadline(ctx, s.began.Add(-want.Waited))
	for {
		b, err := s.round(ctx)
		if b != nil || err != nil {
			return b, err
		}
	}
}

// search is a request on its way to a booking.
type search struct {
	p        *Pool
	want     Want
	began    time.Time
	deadline time.Time
	tries    int // reservations that were lost
	// outdated says that the knowledge of the pool has proved wrong.
	outdated bool
}

// round looks once for a key, and books it, waits, or gives up. It returns
// neither a booking nor an error when another round may do better.
func (s *search) round(ctx context.Context) (*Booking, error) {
	p := s.p
	fresh := s.outdated
	known := p.look(ctx, s.outdated)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.outdated = false
	c := p.choose(s.want, s.deadline, fresh)
	switch {
	case c.later() && !fresh:
		s.outdated = true // before anybody is sent away or to sleep
	case c.never() || c.soonest().After(s.deadline) && c.soonest().After(c.now):
		return nil, p.exhausted(s.want, c)
	case c.key == "":
		p.wait(ctx, c)
	case s.want.Batch && c.start.After(c.now):
		return nil, s.standBy(ctx, c)
	default:
		return s.take(ctx, c, known), nil
	}
	return nil, nil
}

// take books the chosen key; nil when somebody else was quicker.
func (s *search) take(ctx context.Context, c choice, known bool) *Booking {
	p := s.p
	b, booked := p.booking(s.want, c), false
	if s.outdated = true; b.claim(ctx) {
		booked, s.outdated = b.reserve(ctx, c, attempt{s.tries, s.deadline, known})
	}
	if booked && b.takePlace(ctx, s.deadline) {
		b.sent = p.cfg.Now()
		b.Waited = b.sent.Sub(s.began)
		p.scouted(c, true)
		b.cool()
		return b
	}
	b.release(ctx)
	p.scouted(c, false)
	s.tries++
	return nil
}

// deadline is the last moment at which a request still wants a key.
func (p *Pool) deadline(ctx context.Context, began time.Time) time.Time {
	deadline := began.Add(p.cfg.WaitBudget)
	if d, ok := ctx.Deadline(); ok && !d.After(deadline) {
		deadline = d.Add(-1) // at d itself the request is over
	}
	return deadline
}

func (p *Pool) booking(want Want, c choice) *Booking {
	on := records.GroupScope(c.group, want.Family)
	return &Booking{
		Key: c.key, Group: c.group,
		pool: p, want: want, on: on, billed: on,
		holder: c.holder, probes: c.probes, over: c.over,
	}
}

// wait sleeps until the choice's time has come, something changed, or the
// context ended.
func (p *Pool) wait(ctx context.Context, c choice) {
	p.sleep(ctx, c.free.Sub(p.cfg.Now()), c.changed)
}

// claim takes the probe leases that a booking needs. It reports false when
// somebody else holds one.
func (b *Booking) claim(ctx context.Context) bool {
	p, now := b.pool, b.pool.cfg.Now()
	for _, on := range b.probes {
		told, applied, err := p.write(ctx, on, probeChange(now, b.holder))
		if err != nil { // fail open: at worst one probe for each instance
			b.Probe = true
			p.tell(ctx, p.rested(on), telemetry.Probed, b.Key)
			continue
		}
		p.remember(told)
		if applied || told.ProbeBy == b.holder {
			b.Probe = true
			p.tell(ctx, told, telemetry.Probed, b.Key)
		} else if at, _ := told.free(now); !at.IsZero() {
			return false
		} // else it was ended meanwhile, and nothing is left to probe
	}
	return true
}

// release gives back the probe leases of a booking that is not sent.
func (b *Booking) release(ctx context.Context) {
	b.yield(ctx)
	b.pending.Wait()
}

// yield gives back probe leases, so that somebody else may probe: the next
// request, and not the first one after the lease.
func (b *Booking) yield(ctx context.Context) {
	if !b.Probe {
		return
	}
	for _, on := range b.probes {
		b.behind(ctx, func(ctx context.Context) {
			_, _, _ = b.pool.update(ctx, on, releaseChange(b.holder))
			b.yieldHere(on)
		})
	}
}

func (b *Booking) yieldHere(on records.Scope) {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rests[on]; r.ProbeBy == b.holder {
		r.Probe, r.ProbeBy = 0, ""
		p.put(r)
	}
}
