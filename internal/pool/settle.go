package pool

import (
	"context"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// How often an instance adds its counts to the shared ones: weights move slowly
// and can wait, and with many instances each flush is a write for a handful of
// answers; but a refusal is something that people look for.
const (
	flushEvery   = 10 * time.Minute
	flushMany    = 50 // answers
	flushRefused = 10 * time.Second
)

// Settle closes the booking: it corrects what was booked by what was used and
// returns when everything learned has reached the store or has failed to. Call
// it after the client has its answer and, on Lambda, before the invocation
// ends, because a frozen instance writes nothing. The zero Usage means that
// nothing is known of it.
func (b *Booking) Settle(ctx context.Context, used upstream.Usage) {
	switch {
	case b.refund:
		b.behind(ctx, func(ctx context.Context) { b.correct(ctx, b.unused()) })
	case used != (upstream.Usage{}):
		b.behind(ctx, func(ctx context.Context) { b.correct(ctx, b.difference(b.pool.took(used), input, output)) })
	}
	b.flush(ctx)
	b.pending.Wait()
}

// Measured takes in what the provider says of the input as soon as its answer
// begins. Much less than was booked, when a prompt was read from the provider's
// cache, is room for others now and not only when the answer has ended.
func (b *Booking) Measured(ctx context.Context, used upstream.Usage) {
	if b.pool.cfg.Prepaid || used == (upstream.Usage{}) {
		return // the output it asked for is still booked with the input
	}
	b.behind(ctx, func(ctx context.Context) { b.correct(ctx, b.difference(b.pool.took(used), input)) })
}

// count notes an answer for the rebalancer and for people.
func (p *Pool) count(key string, o Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, known := p.tally[key]
	if !known { // instances that began together do not all write together
		t.flushed = p.cfg.Now().Add(-flushRefused - time.Duration(p.cfg.Rand()*float64(flushEvery-flushRefused)))
	}
	if o.Fault == nil {
		t.ok++
	} else if _, against := remedies[o.Fault.Class]; against {
		t.refused++
		t.lastError, t.errorAt = reason(o.Fault), p.cfg.Now()
	}
	if permille, known := headroom(o.Signals); known {
		t.headroom, t.headroomAt = permille, p.cfg.Now()
	}
	p.tally[key] = t
}

// flush adds the key's counts to its record. The counters may come out a
// little wrong when a reply is lost; weights bear that.
func (b *Booking) flush(ctx context.Context) {
	p := b.pool
	p.mu.Lock()
	t, now := p.tally[b.Key], p.cfg.Now()
	since := now.Sub(t.flushed)
	due := since < 0 || t.ok >= flushMany || since >= flushEvery && t.ok > 0 || since >= flushRefused && t.refused > 0 // < 0: a clock set back
	if due {
		p.tally[b.Key] = tally{flushed: now}
	}
	p.mu.Unlock()
	if !due {
		return
	}
	b.behind(ctx, func(ctx context.Context) {
		_, _, _ = p.shared.update(ctx, KeyRecord(p.cfg.Name, b.Key), t.change())
	})
}

// tally is what an instance has counted of a key and not yet written.
type tally struct {
	ok, refused int64
	headroom    int64 // thousandths, valid when headroomAt is set
	headroomAt  time.Time
	lastError   string
	errorAt     time.Time
	flushed     time.Time
}

func (t tally) change() store.Change {
	do := []store.Assign{store.Add(AttrOK, t.ok), store.Add(AttrRefused, t.refused)}
	if !t.headroomAt.IsZero() {
		do = append(do, store.Set(AttrHeadroom, store.Num(t.headroom)), store.Set(AttrHeadAt, store.Num(t.headroomAt.UnixMilli())))
	}
	if !t.errorAt.IsZero() {
		do = append(do, store.Set(AttrError, store.Text(t.lastError)), store.Set(AttrErrorAt, store.Num(t.errorAt.UnixMilli())))
	}
	return store.Change{Do: do}
}
