package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
)

func testFailedCondition(t *testing.T, table store.Table) {
	for name, cond := range map[string]store.Cond{"attribute": store.Is("v", store.GT, store.Num(5)), "constant": store.Any()} {
		t.Run(name, func(t *testing.T) {
			k := store.Key{Partition: t.Name(), Sort: "item"}
			for _, change := range []store.Change{doIf(cond, store.Set("v", store.Num(9))), doIf(cond, store.Add("v", 9)), doIf(cond, store.Remove("v"))} {
				if got := update(t, table, k, change); got.Applied || len(got.Item.Attrs) > 0 || got.Item.Key != k {
					t.Errorf("missing item: got %v, want not applied and an item with nothing but its key", got)
				}
			}
			wantItem(t, table, k, nil) // trying has made nothing

			want := attrs{"v": store.Num(5), "reason": store.Text("rate_limit"), "empty": store.Text("")}
			update(t, table, k, do(store.Set("v", want["v"]), store.Set("reason", want["reason"]), store.Set("empty", want["empty"])))
			got := update(t, table, k, doIf(cond, store.Set("v", store.Num(9)), store.Remove("reason")))
			if got.Applied {
				t.Error("applied although the condition failed")
			}
			wantSame(t, got.Item, store.Item{Key: k, Attrs: want})
			wantItem(t, table, k, want)
		})
	}
}

// testInvalid only asks that the checks are made at all; their rules have
// tests beside them.
func testInvalid(t *testing.T, table store.Table) {
	good := do(store.Set("a", store.Num(1)))
	calls := map[string]func() error{
		"Update, key": func() error {
			_, err := table.Update(context.Background(), store.Key{Partition: "p"}, good)
			return err
		},
		"Update, change": func() error { _, err := table.Update(context.Background(), key, do()); return err },
		"Get":            func() error { _, _, err := table.Get(context.Background(), store.Key{Sort: "s"}); return err },
		"Query":          func() error { _, err := table.Query(context.Background(), ""); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: got error %v, want ErrInvalid", name, err)
		}
	}
}

func testGet(t *testing.T, table store.Table) {
	update(t, table, key, do(store.Set("a", store.Num(1))))
	wantItem(t, table, key, attrs{"a": store.Num(1)})
	for _, k := range []store.Key{{Partition: key.Partition, Sort: "other"}, {Partition: "other", Sort: key.Sort}} {
		item, ok, err := table.Get(context.Background(), k)
		if ok || err != nil || len(item.Attrs) > 0 {
			t.Errorf("Get %v: got %v, %v, %v; want nothing", k, item, ok, err)
		}
	}
}

func testQuery(t *testing.T, table store.Table) {
	// Keys that would run into each other if they were simply joined.
	keys := []store.Key{{Partition: "a", Sort: "b"}, {Partition: "a", Sort: "bc"}, {Partition: "a", Sort: "b/c"}, {Partition: "ab", Sort: "c"}, {Partition: "a/b", Sort: "c"}, {Partition: "a", Sort: "é\x00\U0001F600"}}
	for i, k := range keys {
		update(t, table, k, do(store.Set("i", store.Num(int64(i)))))
		wantQuery(t, table, k, int64(i)) // consistent with the write just before
	}
	items, err := table.Query(context.Background(), "a")
	if err != nil || len(items) != 4 {
		t.Errorf("Query a: got %d items, error %v; want 4", len(items), err)
	}
	if items, err := table.Query(context.Background(), "none"); err != nil || len(items) != 0 {
		t.Errorf("Query of an empty partition: got %v, %v; want nothing", items, err)
	}
}

func wantQuery(t *testing.T, table store.Table, k store.Key, want int64) {
	t.Helper()
	items, err := table.Query(context.Background(), k.Partition)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if item.Key == k && item.Int("i") == want {
			return
		}
	}
	t.Errorf("Query %s: %v with i=%d is not among %v", k.Partition, k, want, items)
}

// testPages needs more than the 1 MB that DynamoDB puts on a page.
func testPages(t *testing.T, table store.Table) {
	const count = 40
	long := store.Text(strings.Repeat("x", store.MaxTextBytes))
	for i := range count {
		update(t, table, store.Key{Partition: "big", Sort: fmt.Sprint(i)}, do(store.Set("long", long), store.Set("i", store.Num(int64(i)))))
	}
	items, err := table.Query(context.Background(), "big")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for _, item := range items {
		seen[item.Int("i")] = true
		if item.Key.Sort != fmt.Sprint(item.Int("i")) || item.Str("long") != long.Str() {
			t.Errorf("item %v came back with i=%d and %d bytes of text", item.Key, item.Int("i"), len(item.Str("long")))
		}
	}
	if len(items) != count || len(seen) != count {
		t.Errorf("got %d items, %d different; want %d", len(items), len(seen), count)
	}
}

// testCopies scribbles on every answer; none of it may reach the table.
func testCopies(t *testing.T, table store.Table) {
	want := attrs{"a": store.Num(1)}
	scribble := func(item store.Item) { item.Attrs["a"] = store.Num(666) }
	scribble(update(t, table, key, do(store.Set("a", store.Num(1)))).Item)
	wantItem(t, table, key, want)
	scribble(update(t, table, key, doIf(store.Absent("a"), store.Remove("a"))).Item)
	wantItem(t, table, key, want)
	item, _, err := table.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	scribble(item)
	wantItem(t, table, key, want)
	items, err := table.Query(context.Background(), key.Partition)
	if err != nil || len(items) != 1 {
		t.Fatalf("Query: got %v, %v; want one item", items, err)
	}
	scribble(items[0])
	wantItem(t, table, key, want)
}
