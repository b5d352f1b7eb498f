package pool_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	sonnet = "claude-sonnet-5" // a model
	haiku  = "claude-haiku-5"  // one of another family
)

// ask is a request for a model that is a family of its own.
func ask(model string) pool.Want { return pool.Want{Model: model, Family: model} }

// asking is a request of a conversation.
func asking(conversation string) pool.Want {
	return pool.Want{Model: sonnet, Family: sonnet, Conversation: conversation}
}

// tried excludes keys.
func tried(want pool.Want, keys ...string) pool.Want {
	want.Tried = map[string]bool{}
	for _, k := range keys {
		want.Tried[k] = true
	}
	return want
}

// keys makes n keys of weight 1, "key-1" onwards.
func keys(n int) []pool.Key {
	out := make([]pool.Key, n)
	for i := range out {
		out[i] = pool.Key{Name: fmt.Sprintf("key-%d", i+1), Weight: 1}
	}
	return out
}

// inGroup gives keys one configured quota group.
func inGroup(group string, keys ...pool.Key) []pool.Key {
	for i := range keys {
		keys[i].Quota = group
	}
	return keys
}

// noJitter makes rests as long as the provider said.
func noJitter() float64 { return 0 }

// newPool is a pool named "claude" with keys over a table, without jitter and
// with limits that nobody meets unless an answer tells lower ones.
func newPool(table store.Table, keys []pool.Key, set ...func(*pool.Config)) *pool.Pool {
	cfg := pool.Config{Name: "claude", Keys: keys, Table: table, Rand: noJitter, Limits: plenty}
	for _, f := range set {
		f(&cfg)
	}
	return pool.New(cfg)
}

var plenty = pool.Limits{Requests: 60_000_000, InputTokens: 1e12, OutputTokens: 1e12}

func waits(d time.Duration) func(*pool.Config) {
	return func(c *pool.Config) { c.WaitBudget = d }
}

func clock(now func() time.Time) func(*pool.Config) {
	return func(c *pool.Config) { c.Now = now }
}

// skewed is a clock that runs ahead by d.
func skewed(d time.Duration) func(*pool.Config) {
	return clock(func() time.Time { return time.Now().Add(d) })
}

func random(f func() float64) func(*pool.Config) {
	return func(c *pool.Config) { c.Rand = f }
}

func newFaulty() *storetest.Faulty { return storetest.NewFaulty(embedded.NewMemory()) }

// book books and fails the test if that is not possible at once.
func book(t testing.TB, p *pool.Pool, want pool.Want) *pool.Booking {
	t.Helper()
	b, err := p.Book(t.Context(), want)
	if err != nil {
		t.Fatalf("Book: %v, want a key", err)
	}
	return b
}

// bookKey books one key of several.
func bookKey(t testing.TB, p *pool.Pool, key string, want pool.Want, others ...string) *pool.Booking {
	t.Helper()
	b := book(t, p, tried(want, others...))
	if b.Key != key {
		t.Fatalf("got %s, want %s", b.Key, key)
	}
	return b
}

// exhausted books and fails the test unless no key is free.
func exhausted(t testing.TB, p *pool.Pool, want pool.Want) *pool.ExhaustedError {
	t.Helper()
	b, err := p.Book(t.Context(), want)
	var e *pool.ExhaustedError
	if !errors.As(err, &e) {
		t.Fatalf("Book: got %+v, %v; want an ExhaustedError", b, err)
	}
	return e
}

// refuse answers a booking with a refusal and settles it.
func refuse(t testing.TB, b *pool.Booking, f upstream.Fault) {
	t.Helper()
	b.Learn(t.Context(), pool.Outcome{Fault: &f})
	b.Settle(t.Context(), upstream.Usage{})
}

// serve answers a booking with success and settles it.
func serve(t testing.TB, b *pool.Booking) {
	t.Helper()
	b.Learn(t.Context(), pool.Outcome{})
	b.Settle(t.Context(), upstream.Usage{})
}

// limited is a 429.
func limited(retryAfter time.Duration) upstream.Fault {
	return upstream.Fault{Class: upstream.RateLimit, Status: 429, RetryAfter: retryAfter}
}

func of(class upstream.Class) upstream.Fault { return upstream.Fault{Class: class} }

// ownedBy is what the headers of an organisation's answer say.
func ownedBy(org string) pool.Outcome {
	return pool.Outcome{Signals: upstream.Signals{Owner: org}}
}

// together runs f n times at once and waits for all.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// items reads all records of the pool "claude".
func items(t testing.TB, table store.Table) []store.Item {
	t.Helper()
	got, err := table.Query(t.Context(), records.Partition("claude"))
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	return got
}

// record reads one record of the pool "claude"; an empty one if there is none.
func record(t testing.TB, table store.Table, sort string) store.Item {
	t.Helper()
	for _, item := range items(t, table) {
		if item.Key.Sort == sort {
			return item
		}
	}
	return store.Item{}
}

// rested lists the sort keys of the records that hold a rest.
func rested(items []store.Item) []string {
	var out []string
	for _, item := range items {
		if item.Has("until") {
			out = append(out, item.Key.Sort)
		}
	}
	return out
}
