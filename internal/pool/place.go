package pool

import (
	"context"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// stored is a quota as it was last seen in the store. The lock is held.
func (p *Pool) stored(on records.Scope) quota {
	if q, ok := p.quotas[on]; ok {
		return q
	}
	return quotaOf(on.Name, store.Item{})
}

// see keeps what the store has told of a quota. The lock is held.
func (p *Pool) see(on records.Scope, q quota) {
	old := p.quotas[on]
	p.quotas[on] = q.since(old, p.cfg.Now().UnixMilli())
	if q.version != old.version {
		p.thaw(on)
		p.wake()
	}
}

// booked is a quota as bookings are made on it: with the limits that were
// configured or are assumed where none were told. The lock is held.
func (p *Pool) booked(on records.Scope) quota { return p.known(p.stored(on)) }

func (p *Pool) known(q quota) quota { return q.or(p.limits, p.cfg.Now().UnixMilli()) }

// quota is what is known of a quota, headers included. The lock is held.
func (p *Pool) quota(on records.Scope) quota { return p.booked(on).raised(p.hinted(on)) }

// hinted are the arrival times that headers told here, and of what was booked
// before there were any. The lock is held.
func (p *Pool) hinted(on records.Scope) [dimensions]int64 {
	implied := p.told(on)
	for d, at := range p.near(p.underway[on]) {
		implied[d] = max(implied[d], at)
	}
	return implied
}

// told are those of headers alone. The lock is held.
func (p *Pool) told(on records.Scope) [dimensions]int64 { return p.near(p.implied[on]) }

// near leaves out arrival times from before the clock was set back.
func (p *Pool) near(arrivals [dimensions]int64) [dimensions]int64 {
	far := p.cfg.Now().UnixMilli() + farAhead
	for d, at := range arrivals {
		if at > far {
			arrivals[d] = 0
		}
	}
	return arrivals
}

// needs is what a request takes of each dimension when it is admitted.
// Anthropic counts output as it is produced, so none is booked for it; the
// others count the most that may be produced with the input (their limits are
// of both together).
func (p *Pool) needs(want Want) [dimensions]int64 {
	n := [dimensions]int64{requests: 1, input: want.Input}
	if p.cfg.Prepaid {
		n[input] += want.Output
	}
	return n
}

const (
	// lenience is by how much a start may be later than predicted, for each try
	// that was lost: a request that insists on its prediction in a burst loses
	// again and again.
	lenience = time.Second
	// From the fourth try on competitors are spread over a few milliseconds.
	calmTries = 4
	calm      = 30 * time.Millisecond
	// longWait is a wait after which the shared state is looked at once more
	// before the request is sent.
	longWait = 2 * time.Second
	// shortRest is a rest that is waited for in the place already booked.
	shortRest = 3 * time.Second
)

// attempt is one try of a request to reserve.
type attempt struct {
	number   int // 0 for the first
	deadline time.Time
	known    bool // whether the shared state could be read
}

// reserve books room in the chosen group's quota. When another request was
// quicker it reports false, with the exact state taken in, and whether the
// other groups should be looked at anew too.
func (b *Booking) reserve(ctx context.Context, c choice, try attempt) (ok, outdated bool) {
	p := b.pool
	if try.number >= calmTries {
		p.pause(ctx, time.Duration((1+5*p.cfg.Rand())*float64(calm)/6))
	}
	g, now := &guest{b: b, known: try.known}, p.cfg.Now().UnixMilli()
	if start := c.start.UnixMilli(); start > now {
		g.delay = start - now + int64(try.number)*lenience.Milliseconds()
	}
	g.delay = min(g.delay, max(0, try.deadline.UnixMilli()-now))
	p.queue(ctx, g)
	return g.ok, g.outdated
}

// probes reports whether the guest holds the probe lease of the quota's rest.
func (g *guest) probes() bool { return slices.Contains(g.b.probes, g.b.on) }

// takePlace waits for the booked start. It reports false when the place is
// lost: the group has begun to rest meanwhile, or the client has no more time;
// what was booked goes back.
func (b *Booking) takePlace(ctx context.Context, deadline time.Time) bool {
	p := b.pool
	if ctx.Err() != nil {
		b.giveBack(ctx)
		return false
	}
	if !b.start.After(p.cfg.Now()) {
		return true
	}
	if b.start.After(deadline) {
		b.giveBack(ctx)
		return false
	}
	waited, ok := b.await(ctx)
	if !ok {
		b.giveBack(ctx)
		return false
	}
	p.look(ctx, waited > longWait)
	for {
		now := p.cfg.Now()
		p.mu.Lock()
		rests, probes, _ := p.free(b.Key, b.Group, b.want, now)
		stale := p.booked(b.on).version != b.version
		p.mu.Unlock()
		left := rests.Sub(now)
		if ctx.Err() == nil && !stale && left <= 0 && len(probes) == len(b.probes) {
			return true
		}
		// Stale is what was priced with limits that no longer hold: book again.
		if stale || left <= 0 || left > shortRest || rests.After(deadline) || !p.pause(ctx, left) {
			b.giveBack(ctx)
			return false
		}
	}
}

// giveBack returns what was booked for a request that will not be sent.
func (b *Booking) giveBack(ctx context.Context) {
	b.behind(ctx, func(ctx context.Context) {
		c := b.unused()
		c.tail = b.tail // not ahead of those who wait behind it
		b.correct(ctx, c)
	})
	b.pending.Wait()
}
