package pool_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// vendor is a provider with true token buckets, which hold a whole minute and
// know nothing of bookings.
type vendor struct {
	group *quota.Group
	took  time.Duration // how long an answer takes
	owner string

	mu      sync.Mutex
	starts  []time.Time // of what was taken
	refused int
}

func newVendor(l quota.Limits) *vendor {
	return &vendor{group: quota.NewGroup(l, time.Now()), took: 5 * time.Second}
}

// size is what a request really takes.
type size struct{ in, out int64 }

// answer lets the provider answer a booking, and settles it.
func (v *vendor) answer(ctx context.Context, b *pool.Booking, s size) bool {
	need := quota.Need{Requests: 1, InputTokens: s.in, OutputTokens: 1}
	short, ok := v.group.Admit(need, time.Now())
	v.note(ok)
	o := pool.Outcome{Signals: v.headers()}
	if !ok {
		o.Fault = &upstream.Fault{Class: upstream.RateLimit, Status: 429, RetryAfter: short.Wait}
	}
	b.Learn(ctx, o)
	if !ok {
		b.Settle(ctx, upstream.Usage{})
		return false
	}
	time.Sleep(v.took)
	v.group.Charge(quota.Need{OutputTokens: s.out - 1}, time.Now())
	b.Settle(ctx, upstream.Usage{InputTokens: s.in, OutputTokens: s.out, Exact: true})
	return true
}

func (v *vendor) note(ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if ok {
		v.starts = append(v.starts, time.Now())
	} else {
		v.refused++
	}
}

// headers are as Anthropic's: tokens rounded to the nearest thousand.
func (v *vendor) headers() upstream.Signals {
	s := upstream.Signals{Owner: v.owner}
	for _, l := range v.group.Levels(time.Now()) {
		left := l.Remaining
		if l.Dimension != upstream.Requests {
			left = (left + 500) / 1000 * 1000
		}
		s.Limits = append(s.Limits, upstream.Limit{Dimension: l.Dimension, PerMinute: l.PerMinute, Remaining: left, FullAt: l.FullAt})
	}
	return s
}

// request books, waiting if need be, and is answered.
func (v *vendor) request(t testing.TB, p *pool.Pool, s size) (waited time.Duration, ok bool) {
	return v.send(t, p, ask(sonnet), s)
}

// send is request for any want.
func (v *vendor) send(t testing.TB, p *pool.Pool, want pool.Want, s size) (waited time.Duration, ok bool) {
	want.Input = s.in
	b, err := p.Book(t.Context(), want)
	if err != nil {
		t.Errorf("Book: %v", err)
		return 0, false
	}
	return b.Waited, v.answer(t.Context(), b, s)
}

// steady sends n requests, one each gap, and waits for all.
func steady(n int, gap time.Duration, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
		time.Sleep(gap)
	}
	all.Wait()
}

const quotaOfKey = "quota#key-1#" + sonnet

// full books until nothing is left at once, and returns how many that were.
func full(t *testing.T, p *pool.Pool) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for ; ; n++ {
		if _, err := p.Book(ctx, ask(sonnet)); err != nil {
			return n
		}
	}
}

// limits60 puts a limit of 60 requests a minute into a table.
func limits60(t *testing.T, table store.Table) {
	t.Helper()
	limit(t, table, 60, 1)
}

func limit(t *testing.T, table store.Table, perMinute, version int64) {
	t.Helper()
	key := store.Key{Partition: records.Partition("claude"), Sort: quotaOfKey}
	change := store.Change{Do: []store.Assign{store.Set("requests_limit", store.Num(perMinute)), store.Set("version", store.Num(version))}}
	if _, err := table.Update(t.Context(), key, change); err != nil {
		t.Fatal(err)
	}
}
