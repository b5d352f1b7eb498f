package pool_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestBurstIsSpaced: once a limit is known, a burst starts as the bucket
// allows and not a moment later, without a refusal and without polling.
func TestBurstIsSpaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := newFaulty()
		p := newPool(table, keys(1), waits(2*time.Minute))
		v.request(t, p, size{}) // learns
		time.Sleep(2 * time.Minute)
		v.starts = nil
		began, before := time.Now(), calls(table)
		const n = 100
		together(n, func(int) { v.request(t, p, size{}) })
		if v.refused > 0 || len(v.starts) != n {
			t.Fatalf("%d taken, %d refused, want all of %d taken", len(v.starts), v.refused, n)
		}
		for i, at := range v.starts {
			// The burst holds 54, then one a second.
			want := max(0, time.Duration(i+1)*time.Second-54*time.Second)
			if got := at.Sub(began); got < want || got > want+100*time.Millisecond {
				t.Errorf("request %d started after %v, want %v", i+1, got, want)
			}
		}
		if made := calls(table) - before; made > 5*n {
			t.Errorf("%d calls of the store for %d requests, want at most %d", made, n, 5*n)
		} else {
			t.Logf("%.1f calls of the store a request", float64(made)/n)
		}
	})
}

// TestInstancesShareOneBucket: what several instances send together never
// exceeds the provider's bucket.
func TestInstancesShareOneBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60, InputTokens: 60_000, OutputTokens: 60_000})
		table := newFaulty()
		pools := make([]*pool.Pool, 4)
		for i := range pools {
			pools[i] = newPool(table, keys(1), waits(4*time.Minute))
		}
		for _, p := range pools {
			v.request(t, p, size{100, 10})
		}
		time.Sleep(2 * time.Minute)
		before := calls(table)
		const n = 160
		together(n, func(i int) { v.request(t, pools[i%4], size{int64(100 + 10*i), 20}) })
		if v.refused > 0 {
			t.Errorf("%d of %d were refused, want none", v.refused, n)
		}
		t.Logf("%.1f calls of the store a request", float64(calls(table)-before)/n)
	})
}

// TestLimitsHalved: the first header that says so is enough for everybody who
// books after it.
func TestLimitsHalved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 600})
		p := newPool(embedded.NewMemory(), keys(1), waits(time.Minute))
		v.request(t, p, size{})
		time.AfterFunc(30*time.Second, func() { v.group.Scale(0.5, time.Now()) })
		steady(600, 200*time.Millisecond, func(int) { v.request(t, p, size{}) }) // at the new limit exactly
		if v.refused > 0 {
			t.Errorf("%d of 600 were refused, want none", v.refused)
		}
	})
}

// TestLimitsHalvedWhileOthersWait: those who wait were booked at the old limit.
func TestLimitsHalvedWhileOthersWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		p := newPool(embedded.NewMemory(), keys(1), waits(3*time.Minute))
		v.request(t, p, size{})
		time.Sleep(2 * time.Minute)
		time.AfterFunc(30*time.Second, func() { v.group.Scale(0.5, time.Now()) })
		const n = 110
		together(n, func(int) { v.request(t, p, size{}) })
		t.Logf("%d of %d refused", v.refused, n)
		if v.refused > 2 { // the one who finds out, and who starts meanwhile
			t.Errorf("%d of %d were refused, want at most 2", v.refused, n)
		}
	})
}

// TestForeignTraffic: a client that nobody here knows of takes half.
func TestForeignTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 600, InputTokens: 600_000})
		p := newPool(embedded.NewMemory(), keys(1), waits(time.Minute))
		var foreign sync.WaitGroup
		foreign.Go(func() {
			for range 300 {
				v.group.Charge(quota.Need{InputTokens: 5000}, time.Now())
				time.Sleep(time.Second)
			}
		})
		const n = 1500
		steady(n, 200*time.Millisecond, func(int) { v.request(t, p, size{in: 1000}) })
		foreign.Wait()
		if v.refused > n/100 {
			t.Errorf("%d of %d were refused, want at most one in a hundred", v.refused, n)
		}
		t.Logf("%d of %d refused", v.refused, n)
	})
}

// TestLargerThanTheBucketStarts: such a request waits for a full bucket; the
// provider then has its say.
func TestLargerThanTheBucketStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{InputTokens: 60_000})
		p := newPool(embedded.NewMemory(), keys(1), waits(2*time.Minute))
		v.request(t, p, size{in: 20_000})
		time.Sleep(time.Second)
		want := ask(sonnet)
		want.Input = 57_000 // more than nine tenths, less than all
		b, err := p.Book(t.Context(), want)
		if err != nil || b.Waited < 10*time.Second || b.Waited > 20*time.Second {
			t.Fatalf("got %+v, %v; want a start when 20,000 tokens are refilled", b, err)
		}
		if !v.answer(t.Context(), b, size{in: 57_000}) {
			t.Error("refused")
		}
	})
}

// TestPrepaid books the most that may be produced and takes back what was not.
func TestPrepaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Tokens: 60_000})
		table := embedded.NewMemory()
		p := newPool(table, keys(1), waits(time.Minute), func(c *pool.Config) { c.Prepaid = true })
		want := ask(sonnet)
		want.Input, want.Output = 1000, 9000
		b := book(t, p, want)
		b.Learn(t.Context(), pool.Outcome{Signals: v.headers()})
		b.Settle(t.Context(), upstream.Usage{InputTokens: 1000, OutputTokens: 9000})
		time.Sleep(2 * time.Minute)
		began := time.Now()
		var all []*pool.Booking
		for range 5 {
			all = append(all, book(t, p, want)) // of 10 s each: 54 hold five
		}
		if got := record(t, table, quotaOfKey).Int("input_at") - began.UnixMilli(); got != 50_000 {
			t.Errorf("%d ms booked, want 50000", got)
		}
		for _, b := range all {
			b.Learn(t.Context(), pool.Outcome{})
			b.Settle(t.Context(), upstream.Usage{InputTokens: 1000, OutputTokens: 500})
		}
		if got := record(t, table, quotaOfKey).Int("input_at") - began.UnixMilli(); got != 7500 {
			t.Errorf("%d ms stay booked, want 7500", got)
		}
	})
}

// TestFirstAnswerCounts: the answer that tells whose key it is also tells the
// limits, and of the group that the key turns out to belong to.
func TestFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		v.owner = rawOwner
		p := newPool(embedded.NewMemory(), keys(1), waits(time.Minute))
		v.request(t, p, size{})
		time.Sleep(time.Second)
		together(100, func(int) { v.request(t, p, size{}) })
		if v.refused > 0 {
			t.Errorf("%d of 100 were refused though the limit had been told", v.refused)
		}
	})
}

// TestSkewedInstances: clocks that differ by seconds cost no refusal.
func TestSkewedInstances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60, InputTokens: 60_000})
		table := newFaulty()
		var pools []*pool.Pool
		for _, skew := range []time.Duration{0, time.Second, -time.Second, 2 * time.Second, -2 * time.Second} {
			pools = append(pools, newPool(table, keys(1), skewed(skew), waits(3*time.Minute)))
		}
		for _, p := range pools {
			v.request(t, p, size{100, 10})
		}
		time.Sleep(2 * time.Minute)
		const n = 120
		together(n, func(i int) { v.request(t, pools[i%len(pools)], size{100, 10}) })
		if v.refused > 0 {
			t.Errorf("%d of %d were refused, want none", v.refused, n)
		}
	})
}

// TestPrepaidProviderThatGivesNothingBack: OpenAI counts max_tokens and says
// nothing of returning them (docs, guides/rate-limits); its headers tell.
func TestPrepaidProviderThatGivesNothingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Tokens: 600_000})
		p := newPool(embedded.NewMemory(), keys(1), waits(2*time.Minute), func(c *pool.Config) { c.Prepaid = true })
		want := ask(sonnet)
		want.Input, want.Output = 1000, 9000
		request := func() {
			b, err := p.Book(t.Context(), want)
			if err != nil {
				t.Errorf("Book: %v", err)
				return
			}
			short, ok := v.group.Admit(quota.Need{Tokens: 10_000}, time.Now())
			v.note(ok)
			o := pool.Outcome{Signals: v.headers()}
			if !ok {
				o.Fault = &upstream.Fault{Class: upstream.RateLimit, Status: 429, RetryAfter: short.Wait}
			}
			b.Learn(t.Context(), o)
			if ok {
				time.Sleep(v.took)
			}
			b.Settle(t.Context(), upstream.Usage{InputTokens: 1000, OutputTokens: 500})
		}
		request()
		const n = 200
		steady(n, 900*time.Millisecond, func(int) { request() }) // slightly above 1 a second
		if v.refused > n/100 {
			t.Errorf("%d of %d were refused, want at most one in a hundred", v.refused, n)
		}
	})
}

// TestManyInstancesOneRequestEach is a burst on Lambda: nobody shares memory
// with anybody, and the store takes its time.
func TestManyInstancesOneRequestEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 600, InputTokens: 600_000})
		table := newFaulty()
		v.request(t, newPool(table, keys(1)), size{in: 100})
		time.Sleep(2 * time.Minute)
		const n = 600
		pools := make([]*pool.Pool, n)
		for i := range pools {
			pools[i] = newPool(table, keys(1), waits(2*time.Minute), random(func() float64 { return float64(i%97) / 97 }))
		}
		table.Delay(5 * time.Millisecond)
		queries, _, updates := table.Calls()
		var mu sync.Mutex
		var longest time.Duration
		together(n, func(i int) {
			waited, _ := v.request(t, pools[i], size{in: 1000 + int64(i%5)*100})
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, waited)
		})
		q, _, u := table.Calls()
		perRequest := func(calls int64) float64 { return float64(calls) / n }
		t.Logf("%.1f reads and %.1f writes a request, the last waited %v", perRequest(q-queries), perRequest(u-updates), longest)
		if v.refused > 0 {
			t.Errorf("%d of %d were refused, want none", v.refused, n)
		}
		// 720,000 tokens: the burst holds 540,000 of them, the rest takes 18 s.
		if longest > 21*time.Second {
			t.Errorf("the last waited %v, want little more than the 18s that the bucket needs", longest)
		}
		// Of the writes up to three are not the reservation: settling, and counts.
		if reads, writes := perRequest(q-queries), perRequest(u-updates); reads > 6 || writes > 5+3 {
			t.Errorf("%.1f reads and %.1f writes a request, want at most 6 and 8", reads, writes)
		}
	})
}
