package config

import (
	"encoding"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decodeInto reads a syntax tree into a Config and reports what does not fit.
// It does not use the YAML library's own decoder because that ends at the
// first fault, and a person who has ten wants to be told of ten.
func decodeInto(root ast.Node, c *Config, r *report) {
	r.places[""] = token.Position{Line: 1, Column: 1}
	c.setDefaults()
	if root != nil {
		(&decoder{r}).value(root, reflect.ValueOf(c).Elem(), "")
	}
}

type decoder struct{ report *report }

// value reads n into v, whose defaults are set. Nothing at all (`timeouts:`
// with everything below commented out) leaves them.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	if n.Type() == ast.NullType {
		return
	}
	if refused := unsupported(n); refused != "" {
		d.misfit(n, path, "%s", refused)
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, text, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.dictionary(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// misfit reports a value that could not be read, and mutes what is said of it later.
func (d *decoder) misfit(n ast.Node, path, format string, args ...any) {
	d.report.addAt(position(n), path, format, args...)
	d.report.muted[path] = true
}

func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	setDefaults(v) // of what may be left out as a whole, which then has none
	fields := fieldsOf(v.Type())
	var meant []string
	d.entries(n, path, func(key string, at token.Position, value ast.Node) {
		if i := slices.Index(fields, key); i >= 0 {
			d.value(value, v.Field(i), join(path, key))
			return
		}
		d.report.addAt(at, join(path, key), "unknown field; %s", hint(key, fields))
		if field, ok := nearest(key, fields); ok {
			meant = append(meant, field)
		}
	})
	for _, field := range meant { // a misspelt field is not missing too
		if _, written := d.report.places[join(path, field)]; !written {
			d.report.muted[join(path, field)] = true
		}
	}
}

func (d *decoder) dictionary(n ast.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.entries(n, path, func(key string, _ token.Position, value ast.Node) {
		entry := reflect.New(v.Type().Elem()).Elem()
		setDefaults(entry)
		d.value(value, entry, join(path, key))
		v.SetMapIndex(reflect.ValueOf(key), entry)
	})
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.misfit(n, path, "needs a list, this is %s", kind(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values)))
	for i, value := range list.Values {
		entry := item(path, i)
		d.report.places[entry] = position(value)
		setDefaults(v.Index(i))
		d.value(value, v.Index(i), entry)
	}
}

// entries calls yield for each key of the map n, once for each name.
func (d *decoder) entries(n ast.Node, path string, yield func(key string, at token.Position, value ast.Node)) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.misfit(n, path, "needs a map, this is %s", kind(n))
		return
	}
	lines := map[string]int{}
	for it := m.MapRange(); it.Next(); {
		at := position(it.Key())
		key, ok := keyText(it.Key())
		switch {
		case !ok:
			d.report.addAt(at, path, "this key is not a plain name")
		case lines[key] != 0:
			d.report.addAt(at, join(path, key), "stands twice, first in line %d: remove one", lines[key])
		default:
			lines[key] = at.Line
			d.report.places[join(path, key)] = at
			yield(key, at, it.Value())
		}
	}
}

// fieldsOf lists the names that the fields of a struct have in the document,
// in order.
func fieldsOf(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
	}
	return names
}

func setDefaults(v reflect.Value) {
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.setDefaults()
	}
}
