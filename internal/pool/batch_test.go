package pool_test

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

// batch is a request that may wait.
func batch() pool.Want {
	want := ask(sonnet)
	want.Batch = true
	return want
}

// spread gives each instance jitter of its own.
func spread(n int) func(i int) func(*pool.Config) {
	return func(i int) func(*pool.Config) {
		return random(func() float64 { return float64(i%n) / float64(n) })
	}
}

// fleetOf makes n instances of one key over a table.
func fleetOf(table *storetest.Faulty, n int, set ...func(*pool.Config)) []*pool.Pool {
	pools := make([]*pool.Pool, n)
	for i := range pools {
		pools[i] = newPool(table, keys(1), append(slices.Clone(set), spread(n)(i))...)
	}
	return pools
}

// TestBatchLeavesAShare: a fifth of the burst stays free for those that people
// wait for, and they get it at once.
func TestBatchLeavesAShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		limits60(t, table)
		p := newPool(table, keys(1))
		if n := fill(t, p, batch()); n != 43 { // of 1 s each: four fifths of 54 s hold 43
			t.Errorf("%d batch requests started at once, want 43", n)
		}
		if n := fill(t, p, ask(sonnet)); n != 54-43 {
			t.Errorf("%d others started at once, want the 11 that were left to them", n)
		}
	})
}

// TestInteractiveNeverWaitsBehindABatch: six hundred batch requests come at
// once; who comes meanwhile does not notice, and they all get through.
func TestInteractiveNeverWaitsBehindABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 600})
		table := newFaulty()
		pools := fleetOf(table, 60, waits(5*time.Minute))
		v.request(t, pools[0], size{})
		time.Sleep(2 * time.Minute)
		table.Delay(5 * time.Millisecond)
		before, began := calls(table), time.Now()
		const n, others = 600, 60
		var all sync.WaitGroup
		var last time.Duration
		all.Go(func() {
			together(n, func(i int) { v.send(t, pools[i%len(pools)], batch(), size{}) })
			last = time.Since(began)
		})
		all.Go(func() {
			steady(others, 500*time.Millisecond, func(i int) {
				if waited, _ := v.send(t, pools[i%len(pools)], ask(sonnet), size{}); waited > 100*time.Millisecond {
					t.Errorf("request %d waited %v beside a batch, want no more than the store takes", i, waited)
				}
			})
		})
		all.Wait()
		if v.refused > 0 {
			t.Errorf("%d were refused, want none", v.refused)
		}
		// The share holds 432; of the ten a second others take two.
		if most := 168*time.Second/8 + 10*time.Second; last > most {
			t.Errorf("the batch took %v, want at most %v", last, most)
		}
		perRequest := float64(calls(table)-before) / (n + others)
		t.Logf("%.1f calls of the store a request, the batch took %v", perRequest, last)
		if perRequest > 12 {
			t.Errorf("%.1f calls of the store a request, want at most 12", perRequest)
		}
	})
}

// TestBatchInOrder: those who wait are served in the order in which they came,
// whichever instance they came to.
func TestBatchInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		limits60(t, table)
		pools := fleetOf(table, 3, waits(time.Minute))
		fill(t, pools[0], batch())
		table.Delay(3 * time.Millisecond)
		var mu sync.Mutex
		var served []int
		steady(30, 20*time.Millisecond, func(i int) {
			book(t, pools[i%3], batch())
			mu.Lock()
			defer mu.Unlock()
			served = append(served, i)
		})
		if !slices.IsSorted(served) {
			t.Errorf("served in the order %v", served)
		}
	})
}

// TestBatchShed: whose turn comes too late is told when it would have been, at
// once, and takes no place from the others.
func TestBatchShed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		limits60(t, table)
		pools := []*pool.Pool{newPool(table, keys(1), waits(5*time.Second)), newPool(table, keys(1), waits(5*time.Second))}
		fill(t, pools[0], batch())
		time.Sleep(300 * time.Millisecond) // the next has room in 500 ms, the one behind it a second later
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				if b, err := pools[i%2].Book(t.Context(), batch()); err != nil {
					t.Errorf("number %d: %v", i+1, err)
				} else if b.Waited != 500*time.Millisecond+time.Duration(i)*time.Second {
					t.Errorf("number %d waited %v", i+1, b.Waited)
				}
			})
			synctest.Wait()
		}
		began := time.Now()
		for i := range 10 {
			_, err := pools[i%2].Book(t.Context(), batch())
			var e *pool.ExhaustedError
			if !errors.As(err, &e) || e.RetryAfter != 5500*time.Millisecond {
				t.Errorf("got %v, want RetryAfter 5.5s", err)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v to say so, want the answer at once", took)
		}
		all.Wait()
	})
}

// TestBatchShedByTheTicket: those who come together see each other only in the
// tickets that they get.
func TestBatchShedByTheTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		limits60(t, table)
		pools := fleetOf(table, 3, waits(2*time.Second))
		fill(t, pools[0], batch())
		time.Sleep(300 * time.Millisecond) // room in 500 ms, then a second later, then beyond the 2 s
		began := time.Now()
		var mu sync.Mutex
		var waited, told []time.Duration
		table.Delay(10 * time.Millisecond)
		together(len(pools), func(i int) {
			b, err := pools[i].Book(t.Context(), batch())
			var e *pool.ExhaustedError
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				waited = append(waited, b.Waited.Round(100*time.Millisecond))
			} else if errors.As(err, &e) && time.Since(began) < 100*time.Millisecond {
				told = append(told, e.RetryAfter.Round(100*time.Millisecond))
			}
		})
		if want := []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond}; !slices.Equal(waited, want) {
			t.Errorf("those who started waited %v, want %v", waited, want)
		}
		if want := []time.Duration{2500 * time.Millisecond}; !slices.Equal(told, want) {
			t.Errorf("sent away at once for %v, want %v", told, want)
		}
	})
}

// TestBatchTicketReplyLost: a ticket that nobody heard of delays those behind
// it, by no more than its own turn, and stops nobody.
func TestBatchTicketReplyLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		limits60(t, table)
		p, other := newPool(table, keys(1), waits(time.Minute)), newPool(table, keys(1), waits(time.Minute))
		fill(t, p, batch())
		var all sync.WaitGroup
		table.LoseReplies(true)
		all.Go(func() {
			if b := book(t, p, batch()); b.Waited > 2*time.Second {
				t.Errorf("waited %v without a ticket, want a turn within 2s", b.Waited)
			}
		})
		synctest.Wait()
		table.LoseReplies(false)
		all.Go(func() {
			if b := book(t, other, batch()); b.Waited != 1800*time.Millisecond {
				t.Errorf("the one behind it waited %v, want 1.8s", b.Waited)
			}
		})
		all.Wait()
	})
}

// TestBatchWithoutAStore keeps to the limits known here, and ends.
func TestBatchWithoutAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := newFaulty()
		p := newPool(table, keys(1), waits(2*time.Minute), spread(7)(3))
		v.request(t, p, size{})
		time.Sleep(2 * time.Minute)
		table.Down(true)
		before := calls(table)
		together(80, func(int) { v.send(t, p, batch(), size{}) })
		if v.refused > 0 {
			t.Errorf("%d of 80 were refused, want none", v.refused)
		}
		if made := calls(table) - before; made > 80 {
			t.Errorf("%d calls of a store that is down, want at most 80", made)
		}
	})
}

// TestBatchBehindATide: while others take all that refills, a batch waits
// until its patience ends, and does not ask again and again.
func TestBatchBehindATide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		limits60(t, table)
		pools := fleetOf(table, 20, waits(time.Minute))
		tide := newPool(table, keys(1))
		fill(t, pools[0], batch())
		fill(t, tide, ask(sonnet))
		before := calls(table)
		var all sync.WaitGroup
		all.Go(func() {
			steady(55, time.Second+time.Millisecond, func(int) { _, _ = tide.Book(t.Context(), ask(sonnet)) })
		})
		var mu sync.Mutex
		served := 0
		together(len(pools), func(i int) {
			if b, err := pools[i].Book(t.Context(), batch()); err == nil {
				mu.Lock()
				defer mu.Unlock()
				served++
				t.Logf("batch request %d waited %v", i, b.Waited)
			}
		})
		all.Wait()
		made := calls(table) - before
		t.Logf("%d served, %d calls of the store", served, made)
		// 55 and a read a minute are the tide's; a batch request looks when it
		// comes, takes its ticket, and looks again when its turn has come.
		if most := int64(2*55 + len(pools)*20); made > most {
			t.Errorf("%d calls of the store, want at most %d", made, most)
		}
	})
}

// fill books until nothing is left at once, and returns how many that were.
func fill(t *testing.T, p *pool.Pool, want pool.Want) (n int) {
	t.Helper()
	for ; ; n++ {
		want.Conversation, want.Waited = strconv.Itoa(n), time.Hour
		if _, err := p.Book(t.Context(), want); err != nil {
			return n
		}
	}
}
