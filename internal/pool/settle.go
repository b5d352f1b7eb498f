package pool

import (
	"context"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// Settle closes the booking: it corrects what was booked by what was used and
// returns when everything learned has reached the store or has failed to. Call
// it after the client has its answer and, on Lambda, before the invocation
// ends, because a frozen instance writes nothing. The zero Usage means that
// nothing is known of it.
func (b *Booking) Settle(ctx context.Context, used upstream.Usage) {
	b.pending.Wait() // what is still being learned decides what is corrected, and where
	b.warm()
	if !b.heard {
		b.yield(ctx)
	}
	switch {
	case b.refund && b.cold: // or a provider that only refuses would be tried faster and faster
	case b.refund:
		b.amend(ctx, b.unused())
	case used != (upstream.Usage{}):
		b.amend(ctx, b.difference(b.pool.took(used), input, output))
	}
	b.pool.add(b.Key, func(t *tally) { t.use(used) })
	b.flush(ctx)
	b.pending.Wait()
}

// Measured takes in what the provider says of the input as soon as its answer
// begins. Much less than was booked, when a prompt was read from the provider's
// cache, is room for others now and not only when the answer has ended.
func (b *Booking) Measured(ctx context.Context, used upstream.Usage) {
	if b.pool.cfg.Prepaid || b.moving || used == (upstream.Usage{}) {
		return // the output it asked for is still booked with the input, or it is not booked there yet
	}
	b.amend(ctx, b.difference(b.pool.took(used), input))
}

// amend writes a correction, if there is one, behind the caller's back.
func (b *Booking) amend(ctx context.Context, c correction) {
	if c.more != [dimensions]int64{} {
		b.behind(ctx, func(ctx context.Context) { b.correct(ctx, c) })
	}
}
