package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/store"
)

// testDifferential makes random changes to the table and to store.Apply: both
// must answer the same. For a store with a language of its own it is the test
// that the translation means what the change says.
func testDifferential(t *testing.T, table store.Table) {
	var runs atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		k := store.Key{Partition: "random", Sort: fmt.Sprint(runs.Add(1))}
		model := store.Item{Key: k}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			change := genChange().Draw(rt, "change")
			model = stepBoth(rt, table, model, change)
		}
		wantModel(rt, table, model)
	})
}

// stepBoth makes one change on both sides and returns the model's next item.
func stepBoth(rt *rapid.T, table store.Table, model store.Item, change store.Change) store.Item {
	want, wantErr := store.Apply(model, change)
	got, err := table.Update(context.Background(), model.Key, change)
	if wantErr != nil {
		if !errors.Is(err, store.ErrAdd) {
			rt.Fatalf("%+v on %v: got error %v, want %v", change, model, err, wantErr)
		}
		return model
	}
	if err != nil {
		rt.Fatalf("%+v on %v: %v", change, model, err)
	}
	if got.Applied != want.Applied || got.Item.Key != want.Item.Key || !maps.Equal(got.Item.Attrs, want.Item.Attrs) {
		rt.Fatalf("%+v on %v: got %+v, want %+v", change, model, got, want)
	}
	return want.Item
}

func wantModel(rt *rapid.T, table store.Table, model store.Item) {
	item, ok, err := table.Get(context.Background(), model.Key)
	if err != nil || ok != (len(model.Attrs) > 0) || !maps.Equal(item.Attrs, model.Attrs) {
		rt.Fatalf("Get: got %v, %v, %v; want %v", item, ok, err, model)
	}
}

// attrNames are few, so that conditions and assignments meet; some are words
// that DynamoDB reserves.
var attrNames = []string{"a", "a_2", "status", "size"}

func genValue() *rapid.Generator[store.Value] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64Range(-2, 2), store.Num),
		rapid.Map(rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 9, 10}), store.Num),
		rapid.Map(rapid.SampledFrom([]string{"", "9", "10", "Z", "a", "aa", "é", ":a", "#a"}), store.Text),
	)
}

func genCond(depth int) *rapid.Generator[store.Cond] {
	return rapid.Custom(func(t *rapid.T) store.Cond {
		attr := rapid.SampledFrom(attrNames).Draw(t, "attr")
		kinds := []store.CondKind{store.Compares, store.ComparesOrAbsent, store.IsPresent, store.IsAbsent}
		if depth > 0 {
			kinds = append(kinds, store.Always, store.AllOf, store.AnyOf)
		}
		cond := store.Cond{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch cond.Kind {
		case store.Compares, store.ComparesOrAbsent:
			cond.Op = rapid.SampledFrom([]store.CompareOp{store.EQ, store.LT, store.LE, store.GT, store.GE}).Draw(t, "op")
			cond.Attr, cond.Val = attr, genValue().Draw(t, "value")
		case store.IsPresent, store.IsAbsent:
			cond.Attr = attr
		case store.AllOf, store.AnyOf:
			cond.Conds = rapid.SliceOfN(genCond(depth-1), 0, 3).Draw(t, "members")
		}
		return cond
	})
}

func genChange() *rapid.Generator[store.Change] {
	return rapid.Custom(func(t *rapid.T) store.Change {
		var change store.Change
		if rapid.Bool().Draw(t, "conditional") {
			change.If = genCond(3).Draw(t, "if")
		}
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(attrNames), 1, len(attrNames), rapid.ID[string]).Draw(t, "names")
		for _, name := range names {
			change.Do = append(change.Do, genAssign(name).Draw(t, "assign"))
		}
		return change
	})
}

func genAssign(attr string) *rapid.Generator[store.Assign] {
	return rapid.Custom(func(t *rapid.T) store.Assign {
		switch rapid.IntRange(0, 2).Draw(t, "op") {
		case 0:
			return store.Set(attr, genValue().Draw(t, "value"))
		case 1:
			return store.Add(attr, rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64}).Draw(t, "n"))
		}
		return store.Remove(attr)
	})
}
