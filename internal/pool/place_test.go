package pool_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// TestLeaverGivesItsPlaceBack: who goes while waiting costs the others nothing.
func TestLeaverGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		limits60(t, table)
		p := newPool(table, keys(1), waits(time.Minute))
		if n := full(t, p); n != 54 {
			t.Fatalf("%d start at once, want 54", n)
		}
		before := record(t, table, quotaOfKey).Int("requests_at")
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := p.Book(ctx, ask(sonnet))
			gone <- err
		}()
		time.Sleep(100 * time.Millisecond) // until the scout's hold is over
		if got := record(t, table, quotaOfKey).Int("requests_at") - before; got != 1000 {
			t.Fatalf("the one who waits booked %d ms, want 1000", got)
		}
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if got := record(t, table, quotaOfKey).Int("requests_at") - before; got != 0 {
			t.Errorf("%d ms stay booked, want 0", got)
		}
		if b := book(t, p, ask(sonnet)); b.Waited != 900*time.Millisecond {
			t.Errorf("the next one waited %v, want 900ms", b.Waited)
		}
	})
}

// TestOutageInTheMiddle: without the store an instance meters by itself, and
// when it is back the two agree within seconds.
func TestOutageInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := newFaulty()
		p := newPool(table, keys(1), waits(time.Minute))
		v.request(t, p, size{})
		time.Sleep(time.Minute)
		within := make(chan int, 1)
		time.AfterFunc(30*time.Second, func() { table.Down(true) })
		time.AfterFunc(90*time.Second, func() {
			table.Down(false)
			v.mu.Lock()
			defer v.mu.Unlock()
			within <- v.refused
		})
		const n = 150
		steady(n, time.Second, func(i int) { // the limit exactly, after a first burst
			if i == 0 {
				together(40, func(int) { v.request(t, p, size{}) })
			}
			v.request(t, p, size{})
		})
		during := <-within
		t.Logf("%d refused within the outage, %d in all", during, v.refused)
		if v.refused > 0 {
			t.Errorf("%d of %d were refused by the time the store was back, %d in all; want none", during, n+40, v.refused)
		}
	})
}

// TestAloneHeedsHeaders: without the store what headers tell still counts.
func TestAloneHeedsHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := newFaulty()
		p := newPool(table, keys(1), waits(time.Minute))
		v.request(t, p, size{})
		time.Sleep(time.Minute)
		table.Down(true)
		v.request(t, p, size{})
		time.Sleep(time.Minute)
		v.group.Charge(quota.Need{Requests: 60}, time.Now())   // somebody else's
		v.answer(t.Context(), book(t, p, ask(sonnet)), size{}) // is refused, and told that nothing is left
		time.Sleep(time.Second)
		v.refused = 0
		together(10, func(int) { v.request(t, p, size{}) })
		if v.refused > 1 { // one is the slack that headers get
			t.Errorf("%d refused although the headers said that nothing was left", v.refused)
		}
	})
}

// TestRestWhileWaiting: a short rest is waited out in the place booked, for a
// long one the request books elsewhere.
func TestRestWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		rest   time.Duration // that begins 8 s into a wait of 10 s
		key    string
		waited time.Duration
		refund bool
	}{
		{"over before", time.Second, "key-1", 10 * time.Second, false},
		{"short", 4 * time.Second, "key-1", 12 * time.Second, false},
		{"long", 20 * time.Second, "key-2", 15 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := embedded.NewMemory()
				p := newPool(table, keys(2), waits(time.Minute))
				partition := records.Partition("claude")
				for sort, ahead := range map[string]time.Duration{quotaOfKey: 63 * time.Second, "quota#key-2#" + sonnet: 68 * time.Second} {
					_, err := table.Update(t.Context(), store.Key{Partition: partition, Sort: sort}, store.Change{Do: []store.Assign{
						store.Set("requests_limit", store.Num(60)), store.Set("version", store.Num(1)),
						store.Set("requests_at", store.Num(time.Now().Add(ahead).UnixMilli()))}})
					if err != nil {
						t.Fatal(err)
					}
				}
				done := make(chan *pool.Booking)
				go func() { done <- book(t, p, ask(sonnet)) }()
				time.Sleep(8 * time.Second)
				key := store.Key{Partition: partition, Sort: quotaOfKey}
				now := time.Now()
				_, err := table.Update(t.Context(), key, store.Change{Do: []store.Assign{
					store.Set("until", store.Num(now.Add(tt.rest).UnixMilli())), store.Set("set_at", store.Num(now.UnixMilli())),
					store.Set("count", store.Num(1)), store.Set("class", store.Text("rate_limit"))}})
				if err != nil {
					t.Fatal(err)
				}
				got := <-done
				if got.Key != tt.key || got.Waited != tt.waited {
					t.Errorf("got %s after %v, want %s after %v", got.Key, got.Waited, tt.key, tt.waited)
				}
				if left := record(t, table, quotaOfKey).Int("requests_at") - now.Add(-8*time.Second).UnixMilli(); (left == 63_000) != tt.refund {
					t.Errorf("%d ms stay booked on key-1, refund expected: %v", left, tt.refund)
				}
			})
		})
	}
}

// TestPartyPaysTheLimitsInForce: requests that gathered behind a write are
// priced when they are booked, not when they came.
func TestPartyPaysTheLimitsInForce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		limits60(t, table)
		p := newPool(table, keys(1), waits(time.Minute))
		book(t, p, ask(sonnet))
		time.Sleep(time.Second) // the hold of the scout is over
		limit(t, table, 30, 2)
		at := record(t, table, quotaOfKey).Int("requests_at")
		at = max(at, time.Now().UnixMilli())
		table.Delay(10 * time.Millisecond)
		together(4, func(i int) {
			time.Sleep(time.Duration(i) * time.Millisecond)
			book(t, p, ask(sonnet))
		})
		table.Delay(0)
		if got := record(t, table, quotaOfKey).Int("requests_at") - at; got < 4*2000 {
			t.Errorf("four requests cost %d ms, want 2000 each at 30 a minute", got)
		}
	})
}

// TestFirstComeFirstServed: among equals who wait, the earlier is served first.
func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		limits60(t, table)
		pools := instances(table, 3, waits(time.Minute))
		for _, p := range pools {
			full(t, p)
		}
		time.Sleep(time.Second) // no scouts any more
		table.Delay(3 * time.Millisecond)
		var mu sync.Mutex
		var served []int
		steady(30, 20*time.Millisecond, func(i int) {
			book(t, pools[i%3], ask(sonnet))
			mu.Lock()
			defer mu.Unlock()
			served = append(served, i)
		})
		if !slices.IsSorted(served) {
			t.Errorf("served in the order %v", served)
		}
	})
}

// TestShed: a request is sent away only if no group that may be used could
// take it in time, and it is never told to come back too early. Without a wait
// budget nothing sleeps.
func TestShed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		now := time.UnixMilli(1_800_000_000_000)
		table := embedded.NewMemory()
		p := newPool(table, keys(3), clock(func() time.Time { return now }))
		ms := rapid.SampledFrom([]int64{-5000, 0, 20_000, 53_000, 53_001, 70_000, 200_000})
		soonest := int64(1 << 62)
		for _, k := range keys(3) {
			at, until := now.UnixMilli()+ms.Draw(rt, k.Name+" booked"), now.UnixMilli()+ms.Draw(rt, k.Name+" rests")
			resting := rapid.Bool().Draw(rt, k.Name+" rested")
			do := []store.Assign{
				store.Set("requests_limit", store.Num(60)), store.Set("version", store.Num(1)), store.Set("requests_at", store.Num(at))}
			start := max(now.UnixMilli(), at+1000-54_000)
			if resting {
				do = append(do, store.Set("until", store.Num(until)), store.Set("set_at", store.Num(now.UnixMilli()-1)), store.Set("count", store.Num(1)))
				start = max(start, until)
			}
			key := store.Key{Partition: records.Partition("claude"), Sort: "quota#" + k.Name + "#" + sonnet}
			if _, err := table.Update(context.Background(), key, store.Change{Do: do}); err != nil {
				rt.Fatal(err)
			}
			soonest = min(soonest, start-now.UnixMilli())
		}
		b, err := p.Book(context.Background(), ask(sonnet))
		var e *pool.ExhaustedError
		switch {
		case err == nil && soonest > 0:
			rt.Fatalf("got %s at once, the first with room has it in %d ms", b.Key, soonest)
		case err == nil:
		case !errors.As(err, &e):
			rt.Fatal(err)
		case soonest <= 0:
			rt.Fatalf("sent away though one has room: %v", err)
		case e.RetryAfter.Milliseconds() < soonest:
			rt.Fatalf("told to come back after %v, the first with room has it in %d ms", e.RetryAfter, soonest)
		}
	})
}

// TestShedLooksBehindARest: a group whose rest ends soon may be booked out
// until much later.
func TestShedLooksBehindARest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		now := time.Now().UnixMilli()
		key := store.Key{Partition: records.Partition("claude"), Sort: quotaOfKey}
		_, err := table.Update(t.Context(), key, store.Change{Do: []store.Assign{
			store.Set("requests_limit", store.Num(60)), store.Set("version", store.Num(1)), store.Set("requests_at", store.Num(now+153_000)),
			store.Set("until", store.Num(now+20_000)), store.Set("set_at", store.Num(now)), store.Set("count", store.Num(1)),
		}})
		if err != nil {
			t.Fatal(err)
		}
		p := newPool(table, keys(1), waits(30*time.Second))
		if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 100*time.Second {
			t.Errorf("told to come back after %v, want 100s", got)
		}
		if waited := time.Now().UnixMilli() - now; waited > 0 {
			t.Errorf("it took %d ms to say so, want the answer at once", waited)
		}
	})
}

// TestManyLeaveAtOnce: places that are given back ahead of others who wait
// must not let more start, when those get theirs, than the bucket holds.
func TestManyLeaveAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := embedded.NewMemory()
		limits60(t, table)
		p := newPool(table, keys(1), waits(3*time.Minute))
		together(54, func(int) { v.request(t, p, size{}) })
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 80 {
			all.Go(func() {
				if b, err := p.Book(ctx, ask(sonnet)); err == nil {
					v.answer(t.Context(), b, size{})
				}
			})
			time.Sleep(10 * time.Millisecond)
		}
		for range 30 {
			all.Go(func() { v.request(t, p, size{}) })
			time.Sleep(10 * time.Millisecond)
		}
		leave()
		time.Sleep(80 * time.Second) // the bucket is full again
		for range 80 {
			all.Go(func() { v.request(t, p, size{}) })
		}
		all.Wait()
		if v.refused > 0 {
			t.Errorf("%d were refused, want none", v.refused)
		}
	})
}
