package store_test

import (
	"errors"
	"maps"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/store"
)

// What Apply means is held against every store by storetest; here is what only
// concerns the function itself.

func TestApplyLeavesItsArgumentAlone(t *testing.T) {
	t.Parallel()
	have := map[string]store.Value{"a": store.Num(1), "b": store.Text("x")}
	item := store.Item{Key: store.Key{Partition: "p", Sort: "s"}, Attrs: maps.Clone(have)}
	for name, cond := range map[string]store.Cond{"applied": {}, "refused": store.Any()} {
		got, err := store.Apply(item, store.Change{If: cond, Do: []store.Assign{store.Set("a", store.Num(2)), store.Remove("b"), store.Add("n", 1)}})
		if err != nil {
			t.Fatal(err)
		}
		got.Item.Attrs["c"] = store.Num(3)
		if !maps.Equal(item.Attrs, have) {
			t.Errorf("%s: the item given is now %v, want %v", name, item.Attrs, have)
		}
		if got.Item.Key != item.Key {
			t.Errorf("%s: got key %v, want %v", name, got.Item.Key, item.Key)
		}
	}
}

func TestApplyToNoItem(t *testing.T) {
	t.Parallel()
	change := store.Change{If: store.Absent("a"), Do: []store.Assign{store.Set("a", store.Num(1))}}
	got, err := store.Apply(store.Item{}, change)
	if err != nil || !got.Applied || got.Item.Int("a") != 1 {
		t.Errorf("got %+v, %v; want applied with a=1", got, err)
	}
}

// A condition that slipped past Validate must not be taken for one that holds.
func TestApplyOfUnknownConditions(t *testing.T) {
	t.Parallel()
	item := store.Item{Attrs: map[string]store.Value{"a": store.Num(1)}}
	for _, cond := range []store.Cond{{Kind: 99}, store.Is("a", "<>", store.Num(2)), store.AbsentOr("a", "<>", store.Num(2))} {
		got, err := store.Apply(item, store.Change{If: cond, Do: []store.Assign{store.Remove("a")}})
		if err != nil || got.Applied {
			t.Errorf("%+v: got %+v, %v; want not applied", cond, got, err)
		}
	}
}

func TestItemReadsByType(t *testing.T) {
	t.Parallel()
	item := store.Item{Attrs: map[string]store.Value{"n": store.Num(7), "t": store.Text("7"), "zero": store.Num(0)}}
	if item.Int("n") != 7 || item.Int("t") != 0 || item.Int("none") != 0 {
		t.Errorf("Int: got %d, %d, %d; want 7, 0, 0", item.Int("n"), item.Int("t"), item.Int("none"))
	}
	if item.Str("t") != "7" || item.Str("n") != "" || item.Str("none") != "" {
		t.Errorf("Str: got %q, %q, %q; want 7 and nothing", item.Str("t"), item.Str("n"), item.Str("none"))
	}
	if !item.Has("zero") || item.Has("none") {
		t.Error("Has: an attribute that is zero is present, one that is not there is absent")
	}
}

func TestHasAdd(t *testing.T) {
	t.Parallel()
	set, add := store.Set("a", store.Num(1)), store.Add("n", 1)
	if (store.Change{Do: []store.Assign{set}}).HasAdd() || !(store.Change{Do: []store.Assign{set, add}}).HasAdd() {
		t.Error("only a change with an OpAdd has one")
	}
}

// TestApplyFollowsTheWords is a small table; the long one is storetest's.
func TestApplyFollowsTheWords(t *testing.T) {
	t.Parallel()
	item := store.Item{Attrs: map[string]store.Value{"n": store.Num(5), "t": store.Text("b")}}
	tests := []struct {
		name string
		cond store.Cond
		want bool
	}{
		{"equal", store.Is("n", store.EQ, store.Num(5)), true},
		{"less", store.Is("n", store.LT, store.Num(5)), false},
		{"at most", store.Is("n", store.LE, store.Num(5)), true},
		{"greater text", store.Is("t", store.GT, store.Text("a")), true},
		{"at least", store.Is("t", store.GE, store.Text("c")), false},
		{"absent in a comparison", store.Is("x", store.GE, store.Num(0)), false},
		{"other type", store.Is("t", store.GE, store.Num(0)), false},
		{"absent or", store.AbsentOr("x", store.GE, store.Num(0)), true},
		{"absent or so", store.AbsentOr("n", store.LE, store.Num(5)), true},
		{"absent or not so", store.AbsentOr("n", store.LT, store.Num(5)), false},
		{"absent or of another type", store.AbsentOr("t", store.GE, store.Num(0)), false},
		{"all", store.All(store.Present("n"), store.Absent("x")), true},
		{"any", store.Any(store.Absent("n"), store.Present("x")), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := store.Apply(item, store.Change{If: tt.cond, Do: []store.Assign{store.Remove("n")}})
			if err != nil || got.Applied != tt.want || got.Item.Has("n") == tt.want {
				t.Errorf("got %+v, %v; want applied %v", got, err, tt.want)
			}
		})
	}
	if _, err := store.Apply(item, store.Change{Do: []store.Assign{store.Add("t", 1)}}); !errors.Is(err, store.ErrAdd) {
		t.Errorf("add to a text: got %v, want ErrAdd", err)
	}
}

func TestAddIsExactOrRefused(t *testing.T) {
	t.Parallel()
	edges := rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64})
	number := rapid.OneOf(edges, rapid.Int64())
	rapid.Check(t, func(t *rapid.T) {
		have, n := number.Draw(t, "have"), number.Draw(t, "n")
		item := store.Item{Attrs: map[string]store.Value{"a": store.Num(have)}}
		got, err := store.Apply(item, store.Change{Do: []store.Assign{store.Add("a", n)}})
		sum := new(big.Int).Add(big.NewInt(have), big.NewInt(n))
		if !sum.IsInt64() {
			if !errors.Is(err, store.ErrAdd) {
				t.Fatalf("%d + %d: got %v, %v; want ErrAdd", have, n, got, err)
			}
			return
		}
		if err != nil || got.Item.Int("a") != sum.Int64() {
			t.Fatalf("%d + %d: got %v, %v; want %v", have, n, got, err, sum)
		}
	})
}
