package storetest

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// racers is how many writers fight at once.
const racers = 64

// together runs f racers times at once and waits for all.
func together(f func(racer int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
}

// testVersionRace lets all racers move the item from one version to the next:
// exactly one may do so, and each of the others must see who did.
func testVersionRace(t *testing.T, table store.Table) {
	for version := range int64(8) {
		var winner, winners atomic.Int64
		results := make([]store.Result, racers)
		together(func(racer int) {
			cond := store.Any(store.All(store.Absent("version"), store.Absent("winner")), store.Is("version", store.EQ, store.Num(version)))
			results[racer] = updateConcurrently(t, table, key, doIf(cond, store.Set("version", store.Num(version+1)), store.Set("winner", store.Num(int64(racer)))))
			if results[racer].Applied {
				winner.Store(int64(racer))
				winners.Add(1)
			}
		})
		if got := winners.Load(); got != 1 {
			t.Fatalf("version %d: %d writers won, want exactly 1", version, got)
		}
		want := store.Item{Key: key, Attrs: attrs{"version": store.Num(version + 1), "winner": store.Num(winner.Load())}}
		for _, result := range results {
			wantSame(t, result.Item, want)
		}
	}
}

// testCounterRace counts without a condition, and with one that loses often
// and is tried again with what the refusal showed.
func testCounterRace(t *testing.T, table store.Table) {
	const rounds = 3
	together(func(int) {
		for range rounds {
			updateConcurrently(t, table, key, do(store.Add("added", 1)))
			seen := store.Item{}
			for increment(t, table, &seen) {
			}
		}
	})
	wantItem(t, table, key, attrs{"added": store.Num(racers * rounds), "swapped": store.Num(racers * rounds)})
}

// increment tries to raise "swapped" from what was seen; it reports whether
// that failed, and then seen is what stands there now.
func increment(t *testing.T, table store.Table, seen *store.Item) (again bool) {
	cond := store.Absent("swapped")
	if seen.Has("swapped") {
		cond = store.Is("swapped", store.EQ, seen.Attrs["swapped"])
	}
	got := updateConcurrently(t, table, key, doIf(cond, store.Set("swapped", store.Num(seen.Int("swapped")+1))))
	*seen = got.Item
	return !got.Applied && !t.Failed()
}

// updateConcurrently is update for goroutines, which must not end the test.
func updateConcurrently(t *testing.T, table store.Table, key store.Key, change store.Change) store.Result {
	result, err := table.Update(context.Background(), key, change)
	if err != nil {
		t.Errorf("Update %v: %v", key, err)
	}
	return result
}

// raise is the rule of a cooldown: its end only ever moves later.
func raise(end int64) store.Change {
	return doIf(store.Any(store.Absent("end"), store.Is("end", store.LT, store.Num(end))), store.Set("end", store.Num(end)))
}

// testSkewedClocks has clients whose clocks are up to five seconds wrong set
// the same cooldown, each several times, while others watch.
func testSkewedClocks(t *testing.T, table store.Table) {
	now := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	const skew, watchers = 5 * time.Second, 4
	var latest atomic.Int64
	together(func(racer int) {
		if racer < watchers {
			watchEnd(t, table)
			return
		}
		clock := now.Add(rand.N(2*skew) - skew)
		for step := range 5 {
			end := clock.Add(time.Duration(step) * time.Second).UnixMilli()
			got := updateConcurrently(t, table, key, raise(end))
			if got.Item.Int("end") < end {
				t.Errorf("after raising to %d the end is %d", end, got.Item.Int("end"))
			}
			atomicMax(&latest, end)
		}
	})
	wantItem(t, table, key, attrs{"end": store.Num(latest.Load())})
}

func watchEnd(t *testing.T, table store.Table) {
	var seen int64
	for range 50 {
		item, _, err := table.Get(context.Background(), key)
		if err != nil || item.Int("end") < seen {
			t.Errorf("the end went from %d to %d, error %v", seen, item.Int("end"), err)
			return
		}
		seen = item.Int("end")
	}
}

func atomicMax(a *atomic.Int64, n int64) {
	for old := a.Load(); old < n && !a.CompareAndSwap(old, n); old = a.Load() {
	}
}
