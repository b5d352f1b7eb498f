package simulation

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

var (
	item  = store.Key{Partition: "pool", Sort: "item"}
	touch = store.Change{Do: []store.Assign{store.Set("n", store.Num(1))}}
	add   = store.Change{Do: []store.Assign{store.Add("n", 1)}}
)

func TestTableTakesItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := link{newTable(Scenario{}, 1), 1}
		var took []time.Duration
		lost := 0
		for range 5000 {
			began := time.Now()
			if _, err := table.Update(t.Context(), item, add); errors.Is(err, errAway) {
				lost++
			} else if err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		near(t, "median ms", took[len(took)/2].Seconds()*1000, 4.5, 0.03)
		if most := took[len(took)-1]; most != attemptTimeout {
			t.Errorf("the slowest took %s, want %s", most, attemptTimeout)
		}
		near(t, "replies lost", float64(lost), 10, 0.5)
		got, _, _ := table.items.Get(t.Context(), item)
		if got.Int("n") != 5000 {
			t.Errorf("%d writes took effect, want all 5000: a lost reply is not a lost write", got.Int("n"))
		}
	})
}

func TestTableCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := link{newTable(Scenario{}, 1), 1}
		never := store.Change{If: store.Present("n"), Do: add.Do}
		if r, err := table.Update(t.Context(), item, never); err != nil || r.Applied {
			t.Fatalf("got %+v, %v", r, err)
		}
		if _, err := table.Update(t.Context(), item, touch); err != nil {
			t.Fatal(err)
		}
		if items, err := table.Query(t.Context(), "pool"); err != nil || len(items) != 1 {
			t.Fatalf("got %v, %v", items, err)
		}
		if got, ok, err := table.Get(t.Context(), item); err != nil || !ok || got.Int("n") != 1 {
			t.Fatalf("got %v, %v, %v", got, ok, err)
		}
		if want := (Load{Reads: 2, Writes: 2, Failed: 1}); table.load != want {
			t.Errorf("got %+v, want %+v", table.load, want)
		}
	})
}

func TestTableThrottlesAHotItem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := newTable(Scenario{}, 1)
		var all sync.WaitGroup
		failures := make(chan error, 3000)
		for i := range 3000 {
			all.Go(func() {
				_, err := link{shared, i}.Update(t.Context(), item, touch)
				failures <- err
			})
		}
		all.Wait()
		close(failures)
		throttled := 0
		for err := range failures {
			if errors.Is(err, errThrottled) {
				throttled++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		// A thousand at once, some 300 while the others are repeated for 0.3 s.
		near(t, "given up", float64(throttled), 1700, 0.1)
		if shared.load.Throttled < 2*throttled {
			t.Errorf("%d attempts were throttled for %d given up: they were not repeated", shared.load.Throttled, throttled)
		}
	})
}

func TestTableIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := link{newTable(Scenario{TableDown: Window{0, time.Minute}}, 1), 1}
		for _, tt := range []struct {
			change store.Change
			want   time.Duration
		}{{touch, 2 * attemptTimeout}, {add, attemptTimeout}} {
			began := time.Now()
			_, err := table.Update(t.Context(), item, tt.change)
			if took := time.Since(began); !errors.Is(err, errAway) || took != tt.want {
				t.Errorf("got %v after %s, want %v after %s", err, took, errAway, tt.want)
			}
		}
		time.Sleep(time.Minute)
		if _, err := table.Update(t.Context(), item, touch); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}
