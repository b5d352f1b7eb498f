package pool

import (
	"context"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Outcome is what a provider answered to one call.
type Outcome struct {
	// Fault is nil when the provider took the request.
	Fault   *upstream.Fault
	Signals upstream.Signals
}

// Learn takes in an answer as soon as its headers are there. This instance
// acts on it at once; the shared state is written behind the caller's back,
// so that the same request can go to another key without delay. Settle waits
// for those writes.
func (b *Booking) Learn(ctx context.Context, o Outcome) {
	b.heard = true
	b.learnOwner(ctx, o.Signals)
	b.heed(ctx, o)
	b.pool.count(b.Key, o)
	if o.Fault == nil {
		b.succeed(ctx)
		return
	}
	// A refusal is not charged for, as far as providers say; what broke off
	// later, or was not answered at all, may have been.
	b.refund = o.Fault.Status >= 400
	if r, ok := remedies[o.Fault.Class]; ok {
		b.suffer(ctx, o, r)
		return
	}
	b.yield(ctx) // the provider's own trouble or the client's: the key is as unproved as before
}

// behind runs a write that nobody waits for but Settle. It outlives the
// client's connection, because what was learned concerns the other clients.
func (b *Booking) behind(ctx context.Context, write func(context.Context)) {
	ctx = context.WithoutCancel(ctx)
	if b.pool.cfg.Sleep != nil {
		write(ctx)
		return
	}
	b.pending.Go(func() { write(ctx) })
}

// learnOwner notes which organisation stands behind the key. From then on the
// key belongs to that organisation's quota group.
func (b *Booking) learnOwner(ctx context.Context, s upstream.Signals) {
	if s.Owner == "" {
		return
	}
	owner := records.OwnerName(s.Owner)
	if b.shares(owner) {
		return
	}
	p, left, moved := b.pool, b.on.Name, b.on.Name != b.Group
	b.behind(ctx, func(ctx context.Context) {
		change := store.Change{Do: []store.Assign{store.Set(records.AttrOwner, store.Text(owner))}}
		item, _, err := p.shared.update(ctx, records.Key(p.cfg.Name, b.Key), change)
		if err != nil {
			return // the next answer tries again
		}
		p.mu.Lock()
		p.records[b.Key] = item
		p.mu.Unlock()
		if moved { // who has not heard of it would go on booking where nobody rests any more
			p.stir(ctx, left)
		}
	})
}

// shares moves the key to its owner's group here, and reports whether the store
// is known to say the same.
func (b *Booking) shares(owner string) bool {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owners[b.Key] != owner {
		p.owners[b.Key] = owner
		p.arrange()
	}
	b.Group = p.groupOfKey(b.Key)
	return p.records[b.Key].Str(records.AttrOwner) == owner
}
