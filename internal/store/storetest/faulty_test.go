package storetest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

var (
	key = store.Key{Partition: "p", Sort: "s"}
	one = store.Change{Do: []store.Assign{store.Add("n", 1)}}
)

// With all switches off it must be a table like any other.
func TestFaultyConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Table { return storetest.NewFaulty(embedded.NewMemory()) })
}

// all makes one call of each kind and returns their errors.
func all(ctx context.Context, table store.Table) map[string]error {
	_, query := table.Query(ctx, "p")
	_, _, get := table.Get(ctx, key)
	_, update := table.Update(ctx, key, one)
	return map[string]error{"Query": query, "Get": get, "Update": update}
}

func count(t *testing.T, table store.Table) int64 {
	t.Helper()
	item, _, err := table.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return item.Int("n")
}

func TestDown(t *testing.T) {
	t.Parallel()
	inner := embedded.NewMemory()
	faulty := storetest.NewFaulty(inner)
	faulty.Down(true)
	for call, err := range all(t.Context(), faulty) {
		if !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("%s: got error %v, want ErrInjected", call, err)
		}
	}
	if got := count(t, inner); got != 0 {
		t.Errorf("%d updates reached the table, want none", got)
	}
	faulty.Down(false)
	for call, err := range all(t.Context(), faulty) {
		if err != nil {
			t.Errorf("%s after the outage: %v", call, err)
		}
	}
	if queries, gets, updates := faulty.Calls(); queries != 2 || gets != 2 || updates != 2 {
		t.Errorf("got %d, %d and %d calls, want 2 of each", queries, gets, updates)
	}
}

func TestLoseReplies(t *testing.T) {
	t.Parallel()
	inner := embedded.NewMemory()
	faulty := storetest.NewFaulty(inner)
	faulty.LoseReplies(true)
	errs := all(t.Context(), faulty)
	if errs["Query"] != nil || errs["Get"] != nil || !errors.Is(errs["Update"], storetest.ErrInjected) {
		t.Errorf("got %v, want an error from Update only", errs)
	}
	if got := count(t, inner); got != 1 {
		t.Errorf("%d updates were applied, want 1", got)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faulty := storetest.NewFaulty(embedded.NewMemory())
		faulty.Delay(time.Second)
		begin := time.Now()
		for call, err := range all(t.Context(), faulty) {
			if err != nil {
				t.Errorf("%s: %v", call, err)
			}
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("three calls took %v, want 3s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := all(ctx, faulty)["Update"]; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want the deadline", err)
		}
		faulty.Delay(0)
		if got := count(t, faulty); got != 1 {
			t.Errorf("%d updates were applied, want the one before the deadline", got)
		}
	})
}

func TestStaleReads(t *testing.T) {
	t.Parallel()
	faulty := storetest.NewFaulty(embedded.NewMemory())
	seen := func() int64 {
		t.Helper()
		items, err := faulty.Query(t.Context(), "p")
		if err != nil || len(items) != 1 {
			t.Fatalf("got %v, %v; want one item", items, err)
		}
		defer func() { items[0].Attrs["n"] = store.Num(-1) }() // must not reach what is remembered
		return items[0].Int("n")
	}
	write := func() {
		t.Helper()
		if _, err := faulty.Update(t.Context(), key, one); err != nil {
			t.Fatal(err)
		}
	}
	write()
	faulty.StaleReads(true)
	for range 3 {
		if got := seen(); got != 1 {
			t.Errorf("Query sees %d, want the 1 of the first look", got)
		}
		write()
	}
	if got := count(t, faulty); got != 4 {
		t.Errorf("Get sees %d, want 4: only Query is stale", got)
	}
	faulty.StaleReads(false)
	if got := seen(); got != 4 {
		t.Errorf("Query sees %d, want 4 again", got)
	}
}
