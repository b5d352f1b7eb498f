package revision

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
)

// Change is one place in which two documents differ.
type Change struct {
	// Path leads to the place, as in pools.claude.keys[key-1].weight.
	Path string `json:"path"`
	// Old and New are the values; empty where the document has none there.
	// Secrets are references and stay so.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// String is one line: "+ path: new", "- path: old" or "~ path: old -> new".
func (c Change) String() string {
	switch {
	case c.Old == "":
		return fmt.Sprintf("+ %s: %s", c.Path, c.New)
	case c.New == "":
		return fmt.Sprintf("- %s: %s", c.Path, c.Old)
	}
	return fmt.Sprintf("~ %s: %s -> %s", c.Path, c.Old, c.New)
}

// Diff tells what leads from one document to another, by path. It compares what
// documents mean: comments, layout, and a default that is written out in one of
// them make no difference. Entries that have names are compared by name, so
// that moving one is no change.
func Diff(from, to *config.Config) []Change {
	a, b := leaves{}, leaves{}
	a.add("", reflect.ValueOf(*from))
	b.add("", reflect.ValueOf(*to))
	changes := []Change{}
	for path, old := range a {
		if b[path] != old {
			changes = append(changes, Change{path, old, b[path]})
		}
	}
	for path, value := range b {
		if _, both := a[path]; !both {
			changes = append(changes, Change{Path: path, New: value})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return changes
}

// leaves are the values of a document by path; never empty ones.
type leaves map[string]string

func (l leaves) add(path string, v reflect.Value) {
	if text, ok := v.Interface().(encoding.TextMarshaler); ok {
		written, _ := text.MarshalText() // of the schema's types only Duration, which does not fail
		l[path] = string(written)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			l.field(path, v.Type().Field(i), v.Field(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			l.add(join(path, it.Key().String()), it.Value())
		}
	case reflect.Slice:
		for i := range v.Len() {
			l.add(path+"["+entryName(v.Index(i), i)+"]", v.Index(i))
		}
	default:
		l[path] = show(v)
	}
}

// field leaves out what a document leaves out.
func (l leaves) field(path string, f reflect.StructField, v reflect.Value) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if options != "omitempty" || !v.IsZero() {
		l.add(join(path, name), v)
	}
}

// entryName is an entry's own name, or its place among entries that have none
// and whose order matters.
func entryName(v reflect.Value, i int) string {
	if v.Kind() == reflect.Struct {
		if name := v.FieldByName("Name"); name.IsValid() && name.Kind() == reflect.String {
			return name.String()
		}
	}
	return strconv.Itoa(i)
}

// join quotes keys that are no plain words, as config does in faults.
func join(path, key string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	switch {
	case strings.ContainsFunc(key, func(r rune) bool { return !plain(r) }):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// show writes a value so that it is never empty.
func show(v reflect.Value) string {
	if v.Kind() == reflect.String {
		if s := v.String(); s != "" && !strings.ContainsAny(s, " \n\t\"") {
			return s
		}
		return strconv.Quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}
