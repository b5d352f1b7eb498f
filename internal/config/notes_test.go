package config

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A field that the types have and the table of the schema has not, or the
// other way round, is a mistake.
func TestNotesAreOfTheFieldsThereAre(t *testing.T) {
	t.Parallel()
	fields := map[string]bool{}
	collect(reflect.TypeFor[Config](), fields)
	want, got := slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(notes))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields and notes (-fields +notes):\n%s", diff)
	}
	for name, n := range notes {
		if n.about == "" {
			t.Errorf("%s is not described", name)
		}
	}
}

func collect(t reflect.Type, fields map[string]bool) {
	switch t.Kind() {
	case reflect.Map, reflect.Slice:
		collect(t.Elem(), fields)
	case reflect.Struct:
		for i, name := range fieldsOf(t) {
			fields[t.Name()+"."+name] = true
			collect(t.Field(i).Type, fields)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		known    []string
		want     string
	}{
		{"letter missing", "antropic", providers, "anthropic"},
		{"letters swapped", "opneai", providers, "openai"},
		{"other case", "OpenAI", providers, "openai"},
		{"first of equals", "key-3", []string{"key-1", "key-2"}, "key-1"},
		{"short names need to be close", "ab", []string{"cd", "ac"}, "ac"},
		{"nothing alike", "zzz", providers, ""},
		{"no names", "a", nil, ""},
		{"empty", "", []string{"ab"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := nearest(tt.in, tt.known); got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

func TestParentUndoesJoin(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"a", "gpt-5.5", "*", "", `a["b"]`, `"]`, "ü", "sk-ant-0123456789", "x.y[0]"} {
		for _, path := range []string{"", "models", `models["gpt-5.5"].targets[0]`} {
			if got := parent(join(path, key)); got != path {
				t.Errorf("parent(%q) is %q, want %q", join(path, key), got, path)
			}
		}
	}
	if got := parent(item("a.b", 3)); got != "a.b" {
		t.Errorf("parent of an item: got %q, want a.b", got)
	}
}
