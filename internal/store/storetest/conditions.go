package storetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/fallow-dev/fallow/internal/store"
)

// wantHolds checks whether cond holds for an item with the attributes.
func wantHolds(t *testing.T, table store.Table, have attrs, cond store.Cond, want bool) {
	t.Helper()
	k := store.Key{Partition: t.Name(), Sort: "item"}
	seed := do(store.Set("seed", store.Num(1)))
	for name, v := range have {
		seed.Do = append(seed.Do, store.Set(name, v))
	}
	update(t, table, k, seed)
	if got := update(t, table, k, doIf(cond, store.Set("hit", store.Num(1)))); got.Applied != want {
		t.Errorf("condition %+v on %v: applied %v, want %v", cond, have, got.Applied, want)
	}
}

func testCompare(t *testing.T, table store.Table) {
	values := []store.Value{
		store.Num(math.MinInt64), store.Num(-10), store.Num(0), store.Num(9), store.Num(10), store.Num(math.MaxInt64),
		store.Text(""), store.Text("10"), store.Text("9"), store.Text("Z"), store.Text("a"), store.Text("é"), store.Text("\U0001F600"),
	}
	for i, a := range values {
		k := store.Key{Partition: "compare", Sort: fmt.Sprint(i)}
		update(t, table, k, do(store.Set("a", a)))
		for _, b := range values {
			for op, want := range compareAll(a, b) {
				got := update(t, table, k, doIf(store.Is("a", op, b), store.Set("hit", store.Num(1))))
				if got.Applied != want {
					t.Errorf("%v %s %v: got %v, want %v", a, op, b, got.Applied, want)
				}
				absent := update(t, table, k, doIf(store.Is("b", op, b), store.Set("hit", store.Num(1))))
				if absent.Applied {
					t.Errorf("absent %s %v: got true, want false", op, b)
				}
			}
		}
	}
}

// compareAll says what each comparison gives, in words of its own, so that a
// fault of store.Apply would show as well.
func compareAll(a, b store.Value) map[store.CompareOp]bool {
	if a.IsText() != b.IsText() {
		return map[store.CompareOp]bool{store.EQ: false, store.LT: false, store.LE: false, store.GT: false, store.GE: false}
	}
	less, more := a.Int() < b.Int() || a.Str() < b.Str(), a.Int() > b.Int() || a.Str() > b.Str()
	return map[store.CompareOp]bool{store.EQ: a == b, store.LT: less, store.LE: !more, store.GT: more, store.GE: !less}
}

func testPresence(t *testing.T, table store.Table) {
	have := attrs{"zero": store.Num(0), "empty": store.Text("")}
	for _, name := range []string{"zero", "empty"} {
		wantHolds(t, table, have, store.Present(name), true)
		wantHolds(t, table, have, store.Absent(name), false)
	}
	wantHolds(t, table, have, store.Present("other"), false)
	wantHolds(t, table, have, store.Absent("other"), true)
}

func testGroup(t *testing.T, table store.Table) {
	yes, no := store.Present("a"), store.Absent("a")
	tests := []struct {
		name string
		cond store.Cond
		want bool
	}{
		{"no condition", store.Cond{}, true},
		{"no condition inside any", store.Any(no, store.Cond{}), true},
		{"absent or, of an absent one", store.AbsentOr("b", store.GT, store.Num(9)), true},
		{"absent or, inside and", store.All(yes, store.AbsentOr("a", store.GT, store.Num(2))), false},
		{"empty all", store.All(), true},
		{"empty any", store.Any(), false},
		{"all of one", store.All(yes), true},
		{"any of one that fails", store.Any(no), false},
		{"all with one that fails", store.All(yes, no, yes), false},
		{"any with one that holds", store.Any(no, yes, no), true},
		{"any of none that holds", store.Any(no, no), false},
		{"or inside and", store.All(store.Any(no, yes), store.Any(yes, no)), true},
		{"and inside or", store.Any(store.All(yes, no), store.All(no, yes)), false},
		{"and binds its members, not its neighbours", store.All(no, store.Any(yes, yes)), false},
		{"or binds its members, not its neighbours", store.Any(yes, store.All(no, no)), true},
		{"four deep", store.Any(no, store.All(yes, store.Any(no, store.All(yes, yes)))), true},
		{"one-member groups in a row", store.All(store.Any(store.All(store.Any(yes)))), true},
		{"empty any inside all", store.All(yes, store.Any()), false},
		{"empty all inside any", store.Any(no, store.All()), true},
		{"empty any inside any", store.Any(yes, store.Any()), true},
		{"empty all inside all", store.All(no, store.All()), false},
		{"same attribute with two values", store.All(store.Is("a", store.GE, store.Num(1)), store.Is("a", store.LT, store.Num(3))), true},
		{"same attribute with two types", store.Any(store.Is("a", store.EQ, store.Text("2")), store.Is("a", store.EQ, store.Num(2))), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantHolds(t, table, attrs{"a": store.Num(2)}, tt.cond, tt.want) })
	}
}
