package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// fallow serves requests with the real limiter. It stands for the part of
// package gateway around it; the bounds are the gateway's.
type fallow struct {
	pool   *pool.Pool
	budget time.Duration
	random func() float64
	keys   map[string]int // by name
}

const (
	maxSends    = 8
	maxTroubles = 3
	model       = "claude-sonnet-5"
	family      = "claude-sonnet"
)

func newFallow(f fleet) func(instance) server {
	keys, index := make([]pool.Key, len(f.Keys)), map[string]int{}
	for i := range keys {
		keys[i] = pool.Key{Name: fmt.Sprintf("key-%d", i), Weight: 1}
		index[keys[i].Name] = i
	}
	return func(in instance) server {
		p := pool.New(pool.Config{
			Name: "claude", Keys: keys, Table: link{f.table, in.number}, WaitBudget: f.Budget,
			Instance: fmt.Sprintf("i-%d", in.number), Now: in.now, Rand: in.random, Booking: true,
		})
		return &fallow{pool: p, budget: f.Budget, random: in.random, keys: index}
	}
}

// serve is what the gateway does with one target of a route.
func (f *fallow) serve(ctx context.Context, c *Call) error {
	want := pool.Want{
		Model: model, Family: family, Conversation: c.Conversation, Input: c.Estimate, Tried: map[string]bool{},
	}
	failure := ErrLimited
	for sends, troubles := 0, 0; sends < maxSends && troubles < maxTroubles; sends++ {
		b, err := f.book(ctx, c, want)
		if err != nil {
			return failure
		}
		a := c.Send(f.keys[b.Key])
		b.Learn(ctx, pool.Outcome{Fault: a.Fault, Signals: a.Signals})
		if a.Fault == nil {
			f.settle(ctx, b, c.Stream())
			return nil
		}
		b.Settle(ctx, upstream.Usage{})
		if a.Fault.Class == upstream.RateLimit {
			failure = ErrLimited

			continue
		}
		failure = ErrOverloaded
		troubles++
		pause(ctx, time.Duration(f.random()*float64(250*time.Millisecond<<troubles)))
	}
	return failure
}

// book waits no longer than the request's budget, however many sends it takes.
func (f *fallow) book(ctx context.Context, c *Call, want pool.Want) (*pool.Booking, error) {
	ctx, cancel := context.WithDeadline(ctx, c.Arrived.Add(f.budget))
	defer cancel()
	return f.pool.Book(ctx, want)
}

func (f *fallow) settle(ctx context.Context, b *pool.Booking, u upstream.Usage) { b.Settle(ctx, u) }
