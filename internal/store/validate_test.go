package store_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/store"
)

func TestKeyValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		key  store.Key
		want string // part of the error; "" if valid
	}{
		{"plain", store.Key{Partition: "pool", Sort: "group"}, ""},
		{"longest", store.Key{Partition: strings.Repeat("p", 2048), Sort: strings.Repeat("s", 1024)}, ""},
		{"no partition", store.Key{Sort: "group"}, "partition is empty"},
		{"no sort", store.Key{Partition: "pool"}, "sort is empty"},
		{"long partition", store.Key{Partition: strings.Repeat("p", 2049), Sort: "s"}, "2049 bytes, at most 2048"},
		{"long sort", store.Key{Partition: "p", Sort: strings.Repeat("s", 1025)}, "1025 bytes, at most 1024"},
		{"not UTF-8", store.Key{Partition: "p\xff", Sort: "s"}, "not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantInvalid(t, tt.key.Validate(), tt.want) })
	}
}

func TestChangeValidate(t *testing.T) {
	t.Parallel()
	set := func(name string) []store.Assign { return []store.Assign{store.Set(name, store.Num(1))} }
	cond := func(c store.Cond) store.Change { return store.Change{If: c, Do: set("a")} }
	tests := []struct {
		name   string
		change store.Change
		want   string // part of the error; "" if valid
	}{
		{"plain", cond(store.All(store.Absent("a"), store.Any(store.Is("cool_until", store.LT, store.Num(1))))), ""},
		{"digits", store.Change{Do: set("p95_ms_2")}, ""},
		{"longest name", store.Change{Do: set(strings.Repeat("a", 64))}, ""},
		{"longest text", store.Change{Do: []store.Assign{store.Set("a", store.Text(strings.Repeat("x", 65536)))}}, ""},
		{"empty groups", cond(store.All(store.Any(), store.All())), ""},
		{"nothing", store.Change{If: store.Absent("a")}, "assigns nothing"},
		{"empty name", store.Change{Do: set("")}, `"" is not lower-case words`},
		{"upper case", store.Change{Do: set("coolUntil")}, `"coolUntil" is not lower-case words`},
		{"dot", store.Change{Do: set("a.b")}, "is not lower-case words"},
		{"leading digit", store.Change{Do: set("2a")}, "is not lower-case words"},
		{"leading underscore", store.Change{Do: set("_a")}, "is not lower-case words"},
		{"double underscore", store.Change{Do: set("a__b")}, "is not lower-case words"},
		{"line end", store.Change{Do: set("a\n")}, "is not lower-case words"},
		{"partition key", store.Change{Do: set("p")}, `"p" is reserved`},
		{"sort key", store.Change{Do: []store.Assign{store.Remove("s")}}, `"s" is reserved`},
		{"long name", store.Change{Do: set(strings.Repeat("a", 65))}, "65 bytes, at most 64"},
		{"assigned twice", store.Change{Do: append(set("a"), store.Set("b", store.Num(1)), store.Remove("a"))}, "a is assigned twice"},
		{"add of a text", store.Change{Do: []store.Assign{{Attr: "a", Op: store.OpAdd, Val: store.Text("1")}}}, `cannot add the text "1" to a`},
		{"unknown operation", store.Change{Do: []store.Assign{{Attr: "a", Op: 7}}}, "unknown operation 7"},
		{"long text", store.Change{Do: []store.Assign{store.Set("a", store.Text(strings.Repeat("x", 65537)))}}, "65537 bytes, at most 65536"},
		{"text not UTF-8", store.Change{Do: []store.Assign{store.Set("a", store.Text("\xff"))}}, "text of a is not UTF-8"},
		{"no condition in a group", cond(store.All(store.Cond{})), ""},
		{"unknown kind in a group", cond(store.Any(store.Cond{Kind: 99})), "a condition has the unknown kind 99"},
		{"absent, or of the key", cond(store.AbsentOr("p", store.EQ, store.Text("x"))), `"p" is reserved`},
		{"comparison of the key", cond(store.Is("p", store.EQ, store.Text("x"))), `"p" is reserved`},
		{"presence of the key", cond(store.Any(store.Present("s"))), `"s" is reserved`},
		{"unknown comparison", cond(store.Is("a", "<>", store.Num(1))), `unknown comparison "<>"`},
		{"long text in a condition", cond(store.Is("a", store.EQ, store.Text(strings.Repeat("x", 65537)))), "65537 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantInvalid(t, tt.change.Validate(), tt.want) })
	}
}

// TestAttrNamesAreThoseOfTheirExpression: it is not used itself, for its time.
func TestAttrNamesAreThoseOfTheirExpression(t *testing.T) {
	t.Parallel()
	expression := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	rapid.Check(t, func(t *rapid.T) {
		name := "a" + rapid.StringOfN(rapid.SampledFrom([]rune("az_09-A")), 0, 6, -1).Draw(t, "name")
		name = name[rapid.IntRange(0, 1).Draw(t, "from"):]
		err := store.Change{Do: []store.Assign{{Attr: name, Op: store.OpRemove}}}.Validate()
		if want := expression.MatchString(name); (err == nil) != want {
			t.Fatalf("attribute %q: error %v, want it taken: %v", name, err, want)
		}
	})
}

// An error is for a person: it must not carry a megabyte of somebody's text.
func TestValidateErrorsAreShort(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 1<<20)
	for _, change := range []store.Change{
		{Do: []store.Assign{store.Set(huge, store.Num(1))}},
		{Do: []store.Assign{{Attr: "a", Op: store.OpAdd, Val: store.Text(huge)}}},
	} {
		if err := change.Validate(); err == nil || len(err.Error()) > 300 {
			t.Errorf("got an error of %d bytes, want a short one", len(err.Error()))
		}
	}
}

func wantInvalid(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("got error %v, want none", err)
		}
		return
	}
	if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want ErrInvalid with %q", err, want)
	}
}
