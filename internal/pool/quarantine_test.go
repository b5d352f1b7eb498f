package pool_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const keyRest = "rest#key#key-1#*"

// instances makes n pools of one key over a table.
func instances(table store.Table, n int, set ...func(*pool.Config)) []*pool.Pool {
	pools := make([]*pool.Pool, n)
	for i := range pools {
		pools[i] = newPool(table, keys(1), append(set, func(c *pool.Config) { c.Instance = fmt.Sprintf("instance-%d", i) })...)
	}
	return pools
}

// quarantined makes n instances that share a key whose quarantine has run out.
func quarantined(t *testing.T, table store.Table, n int) []*pool.Pool {
	t.Helper()
	pools := instances(table, n)
	refuse(t, book(t, pools[0], ask(sonnet)), of(upstream.Auth))
	time.Sleep(5 * time.Minute)
	return pools
}

// race lets every pool book at once and returns the bookings that were made.
func race(t *testing.T, pools []*pool.Pool) (won []*pool.Booking) {
	t.Helper()
	all := make([]*pool.Booking, len(pools))
	together(len(pools), func(i int) { all[i], _ = pools[i].Book(t.Context(), ask(sonnet)) })
	for _, b := range all {
		if b != nil {
			won = append(won, b)
		}
	}
	return won
}

func TestOneProbe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		pools func(*testing.T, store.Table) []*pool.Pool
	}{
		{"64 instances", func(t *testing.T, table store.Table) []*pool.Pool { return quarantined(t, table, 64) }},
		{"64 requests of one instance", func(t *testing.T, table store.Table) []*pool.Pool {
			one := quarantined(t, table, 1)[0]
			pools := make([]*pool.Pool, 64)
			for i := range pools {
				pools[i] = one
			}
			return pools
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				pools := tt.pools(t, table)
				table.Delay(3 * time.Millisecond) // so that all look before the first has claimed
				for minute := range 3 {
					won := race(t, pools)
					if len(won) != 1 || !won[0].Probe {
						t.Fatalf("minute %d: %d of 64 were let through, want one, as a probe", minute, len(won))
					}
					if late := race(t, pools); len(late) > 0 {
						t.Fatalf("minute %d: %d more were let through before the lease ended", minute, len(late))
					}
					time.Sleep(61 * time.Second) // the probe never comes back
				}
			})
		})
	}
}

func TestProbeDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		pools := quarantined(t, table, 3)
		refuse(t, book(t, pools[1], ask(sonnet)), of(upstream.Auth))
		for i, p := range pools {
			if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 5*time.Minute {
				t.Errorf("instance %d: waits %v after a failed probe, want 5m", i, got)
			}
		}
		if got := record(t, table, keyRest).Int("count"); got != 2 {
			t.Errorf("counts %d episodes, want 2", got)
		}
		time.Sleep(5 * time.Minute)
		probe := book(t, pools[2], ask(sonnet))
		serve(t, probe)
		if got := len(race(t, pools)); got != 3 {
			t.Errorf("%d of 3 were let through after a successful probe", got)
		}
		if !probe.Probe || book(t, pools[0], ask(sonnet)).Probe {
			t.Error("want the first booking to be a probe and none after it")
		}
	})
}

// TestSuccessAfterTheLease: a probe that took longer than its lease is still
// good news.
func TestSuccessAfterTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pools := quarantined(t, embedded.NewMemory(), 3)
		slow := book(t, pools[0], ask(sonnet))
		time.Sleep(2 * time.Minute)
		book(t, pools[1], ask(sonnet)) // the second probe
		serve(t, slow)
		if b := book(t, pools[2], ask(sonnet)); b.Probe {
			t.Error("still in quarantine")
		}
	})
}

// repeating makes every write twice and answers with the second outcome, as a
// client of the store does whose first reply was lost.
type repeating struct{ store.Table }

func (r repeating) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	if _, err := r.Table.Update(ctx, key, c); err != nil {
		return store.Result{}, err
	}
	return r.Table.Update(ctx, key, c)
}

func TestRepeatedWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := repeating{embedded.NewMemory()}
		pools := quarantined(t, table, 2)
		b := book(t, pools[0], ask(sonnet)) // recognises its own claim
		exhausted(t, pools[1], ask(sonnet))
		refuse(t, b, of(upstream.Auth))
		if got := record(t, table, keyRest).Int("count"); got != 2 {
			t.Errorf("counts %d episodes, want 2", got)
		}
		time.Sleep(5 * time.Minute)
		serve(t, book(t, pools[1], ask(sonnet)))
		if got := len(race(t, pools)); got != 2 {
			t.Errorf("%d of 2 were let through after a successful probe", got)
		}
		refuse(t, book(t, pools[0], ask(sonnet)), of(upstream.Auth))
		if n, err := pools[1].Clear(t.Context(), "key-1"); n != 1 || err == nil && !isFree(t, pools[0], sonnet) {
			t.Errorf("Clear: got %d, %v; want the rest ended", n, err)
		}
	})
}

// TestLostClaim: the lease stands in the store though its taker was told of a
// failure. It goes ahead, and nobody else does.
func TestLostClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		pools := quarantined(t, table, 2)
		table.LoseReplies(true)
		b := book(t, pools[0], ask(sonnet))
		table.LoseReplies(false)
		if len(race(t, pools)) > 0 {
			t.Error("a second probe was let through")
		}
		time.Sleep(5 * time.Second) // until the store that lost two replies is asked again
		serve(t, b)
		if got := len(race(t, pools)); got != 2 {
			t.Errorf("%d of 2 were let through after a successful probe", got)
		}
	})
}

// TestQuarantineTheStoreNeverHeardOf: the write of a refusal was lost for good.
// When the quarantine has run out here, the store must not be asked in circles
// for a lease on something it does not know.
func TestQuarantineTheStoreNeverHeardOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1), waits(30*time.Second))
		b := book(t, p, ask(sonnet))
		table.Down(true)
		refuse(t, b, of(upstream.Auth))
		table.Down(false)
		if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 5*time.Minute {
			t.Errorf("rests for %v here, want 5m", got)
		}
		time.Sleep(5 * time.Minute)
		_, _, before := table.Calls()
		book(t, p, ask(sonnet))
		book(t, p, ask(sonnet))
		if _, _, after := table.Calls(); after-before > 3 {
			t.Errorf("%d writes for a claim and two reservations", after-before)
		}
	})
}

// TestConcurrentQuarantines: two instances are refused moments apart, so that
// the later one's account of it is not the one that stands in the store.
func TestConcurrentQuarantines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		pools := instances(table, 2, waits(30*time.Second))
		a, b := book(t, pools[0], ask(sonnet)), book(t, pools[1], ask(sonnet))
		refuse(t, a, of(upstream.Auth))
		time.Sleep(100 * time.Millisecond)
		refuse(t, b, of(upstream.Auth))
		time.Sleep(5 * time.Minute)
		book(t, pools[0], ask(sonnet))
		_, _, before := table.Calls()
		exhausted(t, pools[1], ask(sonnet))
		if _, _, after := table.Calls(); after > before {
			t.Errorf("%d writes for a booking that can read that it must wait", after-before)
		}
	})
}

func TestHoldEndsByAnOperatorOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pools := instances(embedded.NewMemory(), 2)
		refuse(t, book(t, pools[0], ask(sonnet)), of(upstream.Hold))
		time.Sleep(200 * 24 * time.Hour)
		for _, p := range pools {
			if e := exhausted(t, p, ask(haiku)); e.Class != upstream.Hold {
				t.Errorf("got class %s, want hold", e.Class)
			}
		}
		if n, err := pools[1].Clear(t.Context(), "key-1"); n != 1 || err != nil {
			t.Fatalf("Clear: got %d, %v", n, err)
		}
		if got := len(race(t, pools)); got != 2 {
			t.Errorf("%d of 2 were let through after the clear", got)
		}
	})
}

func TestSpendCapUntilItsDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pools := instances(embedded.NewMemory(), 2)
		first := time.Now().AddDate(0, 0, 20)
		refuse(t, book(t, pools[0], ask(sonnet)), upstream.Fault{Class: upstream.SpendCap, Until: first})
		time.Sleep(time.Until(first) - time.Second)
		if got := exhausted(t, pools[1], ask(haiku)).RetryAfter; got != time.Second {
			t.Errorf("rests for %v a second before the date", got)
		}
		time.Sleep(time.Second)
		if won := race(t, pools); len(won) != 1 || !won[0].Probe {
			t.Errorf("%d bookings on the date, want one probe", len(won))
		}
	})
}

// TestTwoQuarantinesOneProbe: the key is refused and its group has no credit;
// the one request that is let through tests both.
func TestTwoQuarantinesOneProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pools := instances(embedded.NewMemory(), 2)
		a, b := book(t, pools[0], ask(sonnet)), book(t, pools[1], ask(sonnet))
		refuse(t, a, of(upstream.Billing))
		refuse(t, b, of(upstream.Auth))
		time.Sleep(10 * time.Minute)
		won := race(t, pools)
		if len(won) != 1 {
			t.Fatalf("%d bookings, want one probe", len(won))
		}
		serve(t, won[0])
		if got := len(race(t, pools)); got != 2 {
			t.Errorf("%d of 2 were let through after it", got)
		}
	})
}

// TestWaitingForAProbe: requests wait for the outcome of another's probe, and
// go on the moment it succeeds.
func TestWaitingForAProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(embedded.NewMemory(), keys(1), waits(2*time.Minute))
		refuse(t, book(t, p, ask(sonnet)), of(upstream.Auth))
		time.Sleep(5 * time.Minute)
		probe := book(t, p, ask(sonnet))
		var through atomic.Int64
		go together(10, func(int) {
			if b := book(t, p, ask(sonnet)); b.Waited == 3*time.Second && !b.Probe {
				through.Add(1)
			}
		})
		time.Sleep(3 * time.Second)
		serve(t, probe)
		synctest.Wait()
		time.Sleep(time.Second)
		if got := through.Load(); got != 10 {
			t.Errorf("%d of 10 went on when the probe succeeded", got)
		}
	})
}

// TestRefusedClaim: who learns only from the refusal that another probes waits
// for the end of the other's lease, not for that of one of its own.
func TestRefusedClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := embedded.NewMemory()
		table := storetest.NewFaulty(memory)
		first, blind := newPool(memory, keys(1)), newPool(table, keys(1))
		refuse(t, book(t, first, ask(sonnet)), of(upstream.Auth))
		table.StaleReads(true)
		isFree(t, blind, sonnet)
		time.Sleep(5 * time.Minute)
		book(t, first, ask(sonnet))
		time.Sleep(10 * time.Second)
		for range 2 {
			if got := exhausted(t, blind, ask(sonnet)).RetryAfter; got != 50*time.Second {
				t.Errorf("waits %v, want 50s", got)
			}
		}
		if _, _, updates := table.Calls(); updates != 1 {
			t.Errorf("claimed %d times, want once", updates)
		}
	})
}

// TestQuarantineIsNotSoftenedHere is TestQuarantineIsNotSoftened without a store.
func TestQuarantineIsNotSoftenedHere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		table.Down(true)
		p := newPool(table, keys(1))
		a, b := book(t, p, ask(sonnet)), book(t, p, ask(sonnet))
		refuse(t, a, of(upstream.Billing))
		time.Sleep(time.Second)
		refuse(t, b, upstream.Fault{Class: upstream.Concurrency, RetryAfter: 10 * time.Minute})
		time.Sleep(10 * time.Minute)
		if !book(t, p, ask(sonnet)).Probe {
			t.Error("the first request after it is not a probe")
		}
		exhausted(t, p, ask(sonnet))
	})
}
