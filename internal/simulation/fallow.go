package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// fallow serves requests with the real limiter. It stands for the part of
// package gateway around it; the bounds are the gateway's.
type fallow struct {
	pool    *pool.Pool
	trouble *overload.Guard
	keys    map[string]int // by name
}

const (
	maxSends = 8
	patience = 30 * time.Second // with a provider in trouble
	model    = "claude-sonnet-5"
	family   = "claude-sonnet"
)

func newFallow(f fleet) func(instance) server {
	keys, index := make([]pool.Key, len(f.Keys)), map[string]int{}
	for i := range keys {
		keys[i] = pool.Key{Name: fmt.Sprintf("key-%d", i), Weight: 1}
		index[keys[i].Name] = i
	}
	if !f.New {
		f.know(keys)
	}
	return func(in instance) server {
		p := pool.New(pool.Config{
			Name: "claude", Keys: keys, Table: link{f.table, in.number}, WaitBudget: f.Budget,
			Instance: fmt.Sprintf("i-%d", in.number), Now: in.now, Rand: in.random,
		})
		return &fallow{pool: p, keys: index, trouble: overload.NewGuard(overload.Config{Now: in.now, Rand: in.random})}
	}
}

// know is an earlier day: one answer by each key, which tells whose it is and
// what it is allowed.
func (f fleet) know(keys []pool.Key) {
	p := pool.New(pool.Config{Name: "claude", Keys: keys, Table: f.table.items})
	for i, key := range keys {
		others := map[string]bool{}
		for _, k := range keys {
			others[k.Name] = k != key
		}
		b, err := p.Book(context.Background(), pool.Want{Model: model, Family: family, Tried: others})
		if err != nil {
			panic(err) // nothing is used yet
		}
		b.Learn(context.Background(), pool.Outcome{Signals: f.provider.org(i).signals(time.Now())})
		b.Settle(context.Background(), upstream.Usage{})
	}
}

// serve is what the gateway does with one target of a route.
func (f *fallow) serve(ctx context.Context, c *Call) error {
	want := pool.Want{
		Model: model, Family: family, Conversation: c.Conversation, Input: c.Estimate, Batch: c.Batch, Tried: map[string]bool{},
	}
	failure := ErrLimited
	try, err := f.trouble.Begin(overload.Target{Pool: "claude", Model: model}, 0)
	if err != nil {
		return ErrOverloaded
	}
	for range maxSends {
		b, err := f.pool.Book(ctx, want)
		if err != nil {
			return failure
		}
		want.Waited += b.Waited
		a := c.Send(f.keys[b.Key])
		b.Learn(ctx, pool.Outcome{Fault: a.Fault, Signals: a.Signals})
		if a.Fault == nil {
			try.Accepted()
			b.Measured(ctx, c.last.usage)
			b.Settle(ctx, c.Stream())
			return nil
		}
		b.Settle(ctx, upstream.Usage{})
		if a.Fault.Class == upstream.RateLimit {
			failure = ErrLimited
			continue
		}
		failure = ErrOverloaded
		wait, again, _ := try.Next(a.Fault, patience-time.Since(c.Arrived))
		if !again || !pause(ctx, wait) {
			break
		}
	}
	return failure
}
