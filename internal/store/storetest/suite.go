// Package storetest holds every store.Table to the same behaviour, and lets
// other packages' tests put faults between a table and its user.
package storetest

import (
	"context"
	"maps"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
)

// Run is the conformance suite. open returns an empty table that is closed
// when t ends; it is called once for each test of the suite.
func Run(t *testing.T, open func(t *testing.T) store.Table) {
	tests := []struct {
		name string
		run  func(*testing.T, store.Table)
	}{
		{"compare", testCompare},
		{"presence", testPresence},
		{"group", testGroup},
		{"assign", testAssign},
		{"assignment of all kinds at once", testAssignTogether},
		{"add out of range", testAddRange},
		{"names that mean something to a store", testOddNames},
		{"texts survive", testTexts},
		{"new item", testNewItem},
		{"item without attributes", testEmptyItem},
		{"failed condition returns the item", testFailedCondition},
		{"invalid input", testInvalid},
		{"get", testGet},
		{"query", testQuery},
		{"query of many pages", testPages},
		{"answers are copies", testCopies},
		{"race for a version", testVersionRace},
		{"race of counters", testCounterRace},
		{"stale writer", testStaleWriter},
		{"lost reply", testLostReply},
		{"skewed clocks", testSkewedClocks},
		{"ended context", testEndedContext},
		{"same as Apply", testDifferential},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

// key is the item that a test works on unless it needs several.
var key = store.Key{Partition: "pool", Sort: "group"}

func do(assign ...store.Assign) store.Change { return store.Change{Do: assign} }

func doIf(cond store.Cond, assign ...store.Assign) store.Change {
	return store.Change{If: cond, Do: assign}
}

// update makes a change that must not fail.
func update(t testing.TB, table store.Table, key store.Key, change store.Change) store.Result {
	t.Helper()
	result, err := table.Update(context.Background(), key, change)
	if err != nil {
		t.Fatalf("Update %v with %v: %v", key, change, err)
	}
	return result
}

type attrs = map[string]store.Value

// wantItem checks what stands in the table, by Get and by Query.
func wantItem(t testing.TB, table store.Table, key store.Key, want attrs) {
	t.Helper()
	item, ok, err := table.Get(context.Background(), key)
	if err != nil || ok != (len(want) > 0) {
		t.Fatalf("Get %v: found %v, error %v; want found %v", key, ok, err, len(want) > 0)
	}
	if ok {
		wantSame(t, item, store.Item{Key: key, Attrs: want})
	}
	items, err := table.Query(context.Background(), key.Partition)
	if err != nil {
		t.Fatalf("Query %s: %v", key.Partition, err)
	}
	found := store.Item{}
	for _, item := range items {
		if item.Key == key {
			found = item
		}
	}
	if !maps.Equal(found.Attrs, want) {
		t.Fatalf("Query of %v: got %v, want %v", key, found.Attrs, want)
	}
}

func wantSame(t testing.TB, got, want store.Item) {
	t.Helper()
	if got.Key != want.Key || !maps.Equal(got.Attrs, want.Attrs) {
		t.Fatalf("got item %v, want %v", got, want)
	}
}
