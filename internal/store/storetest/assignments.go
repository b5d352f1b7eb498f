package storetest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
)

func testAssign(t *testing.T, table store.Table) {
	tests := []struct {
		name   string
		have   store.Assign
		assign store.Assign
		want   attrs
	}{
		{"set over a number", store.Set("a", store.Num(1)), store.Set("a", store.Num(-2)), attrs{"a": store.Num(-2)}},
		{"set changes the type", store.Set("a", store.Num(1)), store.Set("a", store.Text("x")), attrs{"a": store.Text("x")}},
		{"set a new attribute", store.Set("a", store.Num(1)), store.Set("b", store.Num(2)), attrs{"a": store.Num(1), "b": store.Num(2)}},
		{"add", store.Set("a", store.Num(40)), store.Add("a", 2), attrs{"a": store.Num(42)}},
		{"add a negative", store.Set("a", store.Num(1)), store.Add("a", -3), attrs{"a": store.Num(-2)}},
		{"add to an absent attribute", store.Set("a", store.Num(1)), store.Add("b", 5), attrs{"a": store.Num(1), "b": store.Num(5)}},
		{"add zero makes the attribute", store.Set("a", store.Num(1)), store.Add("b", 0), attrs{"a": store.Num(1), "b": store.Num(0)}},
		{"remove an absent attribute", store.Set("a", store.Num(1)), store.Remove("b"), attrs{"a": store.Num(1)}},
		{"largest number", store.Set("a", store.Num(1)), store.Set("a", store.Num(math.MaxInt64)), attrs{"a": store.Num(math.MaxInt64)}},
		{"smallest number", store.Set("a", store.Num(1)), store.Set("a", store.Num(math.MinInt64)), attrs{"a": store.Num(math.MinInt64)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := store.Key{Partition: t.Name(), Sort: "item"}
			update(t, table, k, do(tt.have))
			got := update(t, table, k, do(tt.assign))
			if !got.Applied {
				t.Error("not applied without a condition")
			}
			wantSame(t, got.Item, store.Item{Key: k, Attrs: tt.want})
			wantItem(t, table, k, tt.want)
		})
	}
}

func testAssignTogether(t *testing.T, table store.Table) {
	update(t, table, key, do(store.Set("gone", store.Num(1)), store.Set("count", store.Num(1)), store.Set("kept", store.Text("k"))))
	got := update(t, table, key, do(store.Remove("gone"), store.Add("count", 1), store.Set("x", store.Num(7)), store.Set("y", store.Text("new"))))
	want := attrs{"count": store.Num(2), "kept": store.Text("k"), "x": store.Num(7), "y": store.Text("new")}
	wantSame(t, got.Item, store.Item{Key: key, Attrs: want})
	wantItem(t, table, key, want)
}

func testAddRange(t *testing.T, table store.Table) {
	tests := []struct {
		name string
		have store.Value
		add  int64
		want int64
		err  bool
	}{
		{"to a text", store.Text("1"), 1, 0, true},
		{"zero to a text", store.Text("1"), 0, 0, true},
		{"reaches the largest", store.Num(math.MaxInt64 - 1), 1, math.MaxInt64, false},
		{"exceeds the largest", store.Num(math.MaxInt64), 1, 0, true},
		{"reaches the smallest", store.Num(math.MinInt64 + 1), -1, math.MinInt64, false},
		{"exceeds the smallest", store.Num(math.MinInt64), -1, 0, true},
		{"smallest to largest", store.Num(math.MaxInt64), math.MinInt64, -1, false},
		{"smallest to negative", store.Num(-1), math.MinInt64, 0, true},
		{"largest to positive", store.Num(1), math.MaxInt64, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := store.Key{Partition: t.Name(), Sort: "item"}
			update(t, table, k, do(store.Set("a", tt.have)))
			change := do(store.Add("a", tt.add), store.Set("b", store.Num(1)))
			if !tt.err {
				update(t, table, k, change)
				wantItem(t, table, k, attrs{"a": store.Num(tt.want), "b": store.Num(1)})
				return
			}
			if got, err := table.Update(context.Background(), k, change); !errors.Is(err, store.ErrAdd) || got.Applied {
				t.Errorf("got %v, %v; want ErrAdd", got, err)
			}
			wantItem(t, table, k, attrs{"a": tt.have})

			// A condition that fails is the answer, before any trouble with the sum.
			change.If = store.Absent("a")
			if got := update(t, table, k, change); got.Applied {
				t.Error("applied although the condition failed")
			}
		})
	}
}

// testOddNames uses words that DynamoDB reserves, and names that would collide
// if placeholders were made carelessly.
func testOddNames(t *testing.T, table store.Table) {
	want := attrs{}
	change := do()
	for i, name := range []string{"name", "status", "ttl", "size", "set", "and", "p1", "sort", "a", "a_v2", "a2", "a_2", strings.Repeat("x", store.MaxAttrBytes)} {
		want[name] = store.Num(int64(i))
		change.Do = append(change.Do, store.Set(name, want[name]))
	}
	change.If = store.All(store.Absent("status"),
		store.Any(store.Absent("a"), store.Is("a", store.EQ, store.Num(100)), store.Is("a", store.EQ, store.Num(200)), store.Is("a_v2", store.EQ, store.Num(300))))
	if got := update(t, table, key, change); !got.Applied {
		t.Fatal("not applied to a new item")
	}
	wantItem(t, table, key, want)
}

func testTexts(t *testing.T, table store.Table) {
	want := attrs{
		"empty": store.Text(""), "quotes": store.Text(`"'\` + "`"), "lines": store.Text("a\r\nb\tc\x00d"), "number": store.Text("007"),
		"unicode": store.Text("Grüße \U0001F600 \u2028"), "escape": store.Text(`\u0041 <&>`), "long": store.Text(strings.Repeat("é", store.MaxTextBytes/2)),
	}
	change := do()
	for name, v := range want {
		change.Do = append(change.Do, store.Set(name, v))
	}
	update(t, table, key, change)
	wantItem(t, table, key, want)
}

func testNewItem(t *testing.T, table store.Table) {
	cond := store.All(store.Absent("a"), store.Absent("b"))
	got := update(t, table, key, doIf(cond, store.Set("a", store.Num(1)), store.Add("n", 3), store.Remove("b")))
	if !got.Applied {
		t.Fatal("not applied: a missing item counts as one without attributes")
	}
	wantSame(t, got.Item, store.Item{Key: key, Attrs: attrs{"a": store.Num(1), "n": store.Num(3)}})
	wantItem(t, table, key, got.Item.Attrs)
}

func testEmptyItem(t *testing.T, table store.Table) {
	if got := update(t, table, key, do(store.Remove("a"))); !got.Applied || len(got.Item.Attrs) > 0 {
		t.Errorf("remove from a missing item: got %v, want applied and no attributes", got)
	}
	wantItem(t, table, key, nil)
	update(t, table, key, do(store.Set("a", store.Num(1))))
	update(t, table, key, do(store.Remove("a")))
	wantItem(t, table, key, nil)
	if items, err := table.Query(context.Background(), key.Partition); err != nil || len(items) > 0 {
		t.Errorf("Query: got %v, %v; want nothing", items, err)
	}
	if got := update(t, table, key, doIf(store.Absent("a"), store.Set("a", store.Num(2)))); !got.Applied {
		t.Error("an emptied item does not count as one without attributes")
	}
}
