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
	switch {
	case b.refund:
		b.behind(ctx, func(ctx context.Context) { b.correct(ctx, b.unused()) })
	case used != (upstream.Usage{}):
		b.behind(ctx, func(ctx context.Context) { b.correct(ctx, b.difference(b.pool.took(used), input, output)) })
	}
	b.pool.add(b.Key, func(t *tally) { t.use(used) })
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
