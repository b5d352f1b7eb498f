package dynamo

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/store"
)

// cooldown is the write that a limited quota group gets: it ends later than
// any cooldown known so far, or nothing happens.
func cooldown(until int64) store.Change {
	return store.Change{
		If: store.Any(store.Absent("cool_until"), store.Is("cool_until", store.LT, store.Num(until))),
		Do: []store.Assign{
			store.Set("cool_until", store.Num(until)),
			store.Set("cool_since", store.Num(until-30_000)),
			store.Set("cool_reason", store.Text("rate_limit")),
		},
	}
}

func TestCompile(t *testing.T) {
	t.Parallel()
	one := []store.Assign{store.Set("a", store.Num(1))}
	yes, no := store.Present("b"), store.Absent("b")
	tests := []struct {
		name      string
		change    store.Change
		update    string
		condition string
		values    string
	}{
		{
			"cooldown", cooldown(1767344430000),
			"SET #cool_until = :cool_until, #cool_since = :cool_since, #cool_reason = :cool_reason",
			"attribute_not_exists(#cool_until) OR #cool_until < :cool_until",
			":cool_reason=S(rate_limit) :cool_since=N(1767344400000) :cool_until=N(1767344430000)",
		},
		{
			"probe lease",
			store.Change{
				If: store.All(store.Is("cool_until", store.LE, store.Num(50)), store.Any(store.Absent("probe_until"), store.Is("probe_until", store.LE, store.Num(50)))),
				Do: []store.Assign{store.Set("probe_until", store.Num(60)), store.Set("probe_by", store.Text("me"))},
			},
			"SET #probe_until = :probe_until, #probe_by = :probe_by",
			"#cool_until <= :cool_until AND (attribute_not_exists(#probe_until) OR #probe_until <= :probe_until_V2)",
			":cool_until=N(50) :probe_by=S(me) :probe_until=N(60) :probe_until_V2=N(50)",
		},
		{
			"all kinds of assignment, in clauses",
			store.Change{Do: []store.Assign{store.Remove("gone"), store.Set("x", store.Num(1)), store.Remove("also"), store.Set("y", store.Text(""))}},
			"SET #x = :x, #y = :y REMOVE #gone, #also", "", ":x=N(1) :y=S()",
		},
		{"remove only", store.Change{Do: []store.Assign{store.Remove("a")}}, "REMOVE #a", "", ""},
		{
			"add is guarded against overflow and text",
			store.Change{Do: []store.Assign{store.Add("n", 5), store.Add("m", -5)}},
			"ADD #n :n, #m :m",
			"(attribute_not_exists(#n) OR #n <= :n_V2) AND (attribute_not_exists(#m) OR #m >= :m_V2)",
			fmt.Sprintf(":m=N(-5) :m_V2=N(%d) :n=N(5) :n_V2=N(%d)", math.MinInt64+5, math.MaxInt64-5),
		},
		{
			"guard beside an or",
			store.Change{If: store.Any(yes, no), Do: []store.Assign{store.Set("a", store.Num(1)), store.Add("n", 1)}},
			"SET #a = :a ADD #n :n",
			"(attribute_exists(#b) OR attribute_not_exists(#b)) AND (attribute_not_exists(#n) OR #n <= :n_V2)",
			fmt.Sprintf(":a=N(1) :n=N(1) :n_V2=N(%d)", math.MaxInt64-1),
		},
		{"same number and text are two values", store.Change{If: store.Is("a", store.EQ, store.Text("1")), Do: one}, "SET #a = :a", "#a = :a_V2", ":a=N(1) :a_V2=S(1)"},
		{
			"three values", store.Change{If: store.All(store.Is("a", store.GT, store.Num(2)), store.Is("a", store.GE, store.Num(3)), store.Is("a", store.LT, store.Num(2))), Do: one},
			"SET #a = :a", "#a > :a_V2 AND #a >= :a_V3 AND #a < :a_V2", ":a=N(1) :a_V2=N(2) :a_V3=N(3)",
		},
		{"empty all", store.Change{If: store.All(), Do: one}, "SET #a = :a", "", ":a=N(1)"},
		{"empty any", store.Change{If: store.Any(), Do: one}, "SET #a = :a", "attribute_exists(#p) AND attribute_not_exists(#p)", ":a=N(1)"},
		{"one-member groups leave no parentheses", store.Change{If: store.All(store.Any(store.All(yes))), Do: one}, "SET #a = :a", "attribute_exists(#b)", ":a=N(1)"},
		{"what is decided leaves no placeholders", store.Change{If: store.Any(yes, store.All(store.Any(), store.Is("z", store.EQ, store.Num(9)))), Do: one}, "SET #a = :a", "attribute_exists(#b)", ":a=N(1)"},
		{"absent or", store.Change{If: store.AbsentOr("b", store.LT, store.Num(2)), Do: one}, "SET #a = :a", "attribute_not_exists(#b) OR #b < :b", ":a=N(1) :b=N(2)"},
		{"absent or, inside or", store.Change{If: store.Any(yes, store.AbsentOr("b", store.LT, store.Num(2))), Do: one}, "SET #a = :a", "attribute_exists(#b) OR (attribute_not_exists(#b) OR #b < :b)", ":a=N(1) :b=N(2)"},
		{"and inside or", store.Change{If: store.Any(no, store.All(yes, no)), Do: one}, "SET #a = :a", "attribute_not_exists(#b) OR (attribute_exists(#b) AND attribute_not_exists(#b))", ":a=N(1)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := compile(tt.change)
			if err != nil {
				t.Fatal(err)
			}
			if got.update != tt.update {
				t.Errorf("update:\n got %s\nwant %s", got.update, tt.update)
			}
			if got.condition != tt.condition {
				t.Errorf("condition:\n got %s\nwant %s", got.condition, tt.condition)
			}
			if values := show(got.values); values != tt.values {
				t.Errorf("values:\n got %s\nwant %s", values, tt.values)
			}
			wantAllUsed(t, got)
		})
	}
}

// wantAllUsed checks what DynamoDB refuses: a placeholder that is given and
// not used. The other way round the golden strings show.
func wantAllUsed(t *testing.T, e expressions) {
	t.Helper()
	text := e.update + " " + e.condition + " "
	for name, attr := range e.names {
		if name != "#"+attr || !strings.Contains(text, name) {
			t.Errorf("name %s for %s is not used", name, attr)
		}
	}
	for value := range e.values {
		if !strings.Contains(text, value) {
			t.Errorf("value %s is not used", value)
		}
	}
}

func show(values map[string]types.AttributeValue) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch v := values[name].(type) {
		case *types.AttributeValueMemberN:
			parts = append(parts, name+"=N("+v.Value+")")
		case *types.AttributeValueMemberS:
			parts = append(parts, name+"=S("+v.Value+")")
		}
	}
	return strings.Join(parts, " ")
}

func TestCompileRefusesWhatDynamoDBCannotTake(t *testing.T) {
	t.Parallel()
	change := store.Change{Do: []store.Assign{store.Set("a", store.Num(1))}}
	var conds []store.Cond
	for i := range 60 {
		conds = append(conds, store.Is(strings.Repeat("x", 60)+fmt.Sprint(i), store.EQ, store.Num(1)))
	}
	change.If = store.All(conds...)
	if _, err := compile(change); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "DynamoDB takes 4096") {
		t.Errorf("got error %v, want ErrInvalid naming the limit", err)
	}
}

// TestSimplifyKeepsTheMeaning compares conditions, full of empty groups, with
// what simplify makes of them.
func TestSimplifyKeepsTheMeaning(t *testing.T) {
	t.Parallel()
	holds := func(c store.Cond) bool {
		item := store.Item{Attrs: map[string]store.Value{"yes": store.Num(1)}}
		got, _ := store.Apply(item, store.Change{If: c, Do: []store.Assign{store.Remove("x")}})
		return got.Applied
	}
	rapid.Check(t, func(t *rapid.T) {
		cond := genGroups(4).Draw(t, "cond")
		simple := simplify(cond)
		if holds(simple) != holds(cond) {
			t.Fatalf("%+v became %+v", cond, simple)
		}
		if !isNever(simple) {
			wantNoSmallGroup(t, simple)
		}
	})
}

func wantNoSmallGroup(t *rapid.T, c store.Cond) {
	if c.Kind != store.AllOf && c.Kind != store.AnyOf {
		return
	}
	if len(c.Conds) < 2 {
		t.Fatalf("a group of %d is left: %+v", len(c.Conds), c)
	}
	for _, member := range c.Conds {
		wantNoSmallGroup(t, member)
	}
}

func genGroups(depth int) *rapid.Generator[store.Cond] {
	return rapid.Custom(func(t *rapid.T) store.Cond {
		if depth == 0 || rapid.Bool().Draw(t, "leaf") {
			return rapid.SampledFrom([]store.Cond{store.Present("yes"), store.Absent("yes"), {}}).Draw(t, "leaf")
		}
		kind := rapid.SampledFrom([]store.CondKind{store.AllOf, store.AnyOf}).Draw(t, "kind")
		return store.Cond{Kind: kind, Conds: rapid.SliceOfN(genGroups(depth-1), 0, 3).Draw(t, "members")}
	})
}

func BenchmarkCompile(b *testing.B) {
	change := cooldown(1767344430000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile(change); err != nil {
			b.Fatal(err)
		}
	}
}
