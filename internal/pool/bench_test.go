package pool_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// readOnly answers every Query with the same items, so that what is measured
// is the pool and not the table.
type readOnly struct {
	store.Table
	items []store.Item
}

func (r readOnly) Query(context.Context, string) ([]store.Item, error) { return r.items, nil }

// BenchmarkBook is what a request pays for the choice of its key, with all
// keys known to the table and as many rests as groups.
func BenchmarkBook(b *testing.B) {
	for _, n := range []int{4, 100} {
		table := embedded.NewMemory()
		for i, k := range keys(n) {
			p := newPool(table, []pool.Key{k})
			served := book(b, p, ask(sonnet))
			served.Learn(b.Context(), ownedBy(fmt.Sprint("org of ", k.Name)))
			served.Settle(b.Context(), upstream.Usage{})
			if i > 0 {
				refuse(b, book(b, p, ask(haiku)), limited(time.Minute))
			}
		}
		fixed := readOnly{table, items(b, table)}
		for _, bm := range []struct {
			name  string
			table store.Table
		}{{"memory store", table}, {"without store", fixed}} {
			b.Run(fmt.Sprintf("%d keys, %s", n, bm.name), func(b *testing.B) {
				p := newPool(bm.table, keys(n))
				want := asking("conversation")
				b.ReportAllocs()
				for b.Loop() {
					if _, err := p.Book(b.Context(), want); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkBookParallel is the same from many goroutines: those that come
// together share a write.
func BenchmarkBookParallel(b *testing.B) {
	var moved atomic.Int64 // ms: or even these limits would bind in the end
	began := time.Now()
	p := newPool(embedded.NewMemory(), keys(4), clock(func() time.Time {
		return began.Add(time.Duration(moved.Add(1)) * time.Millisecond)
	}))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Book(b.Context(), asking("conversation")); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRequest is all that a request pays the pool: booking, the headers of
// its answer, and settling. Without a store, that is; with one it is two writes.
func BenchmarkRequest(b *testing.B) {
	limits := []upstream.Limit{
		{Dimension: upstream.Requests, PerMinute: 1 << 40, Remaining: 1 << 40},
		{Dimension: upstream.InputTokens, PerMinute: 1 << 40, Remaining: 1 << 40},
		{Dimension: upstream.OutputTokens, PerMinute: 1 << 40, Remaining: 1 << 40},
	}
	for _, bm := range []struct {
		name  string
		table func() store.Table // anew each time: the clock below begins anew too
	}{{"without store", func() store.Table { return agreeing{item: known()} }}, {"memory store", func() store.Table {
		memory := embedded.NewMemory()
		seed(b, memory)
		return memory
	}}} {
		b.Run(bm.name, func(b *testing.B) {
			now := time.Now()
			p := newPool(bm.table(), keys(1), clock(func() time.Time { now = now.Add(time.Millisecond); return now }))
			want := asking("conversation")
			want.Input = 8000
			answer := pool.Outcome{Signals: upstream.Signals{Limits: limits}}
			b.ReportAllocs()
			for b.Loop() {
				served, err := p.Book(b.Context(), want)
				if err != nil {
					b.Fatal(err)
				}
				served.Learn(b.Context(), answer)
				served.Measured(b.Context(), upstream.Usage{InputTokens: 8100})
				served.Settle(b.Context(), upstream.Usage{InputTokens: 8100, OutputTokens: 400})
			}
		})
	}
}
