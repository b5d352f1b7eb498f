package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// document is the text of one secret, taken apart once per reading: a request
// that picks a field must not parse JSON.
type document struct {
	text   Value
	fields map[string]json.RawMessage // nil when the text is no JSON object
	values map[string]Value           // those of the fields that are strings
}

// newDocument trims one line end: editors and `echo` leave it, no credential
// has one, and net/http refuses to send a header with it.
func newDocument(text string) (*document, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the secret is longer than %d bytes", maxText)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	d := &document{text: New(text), values: map[string]Value{}}
	// The decoder's error would quote the text it stumbled on.
	_ = json.Unmarshal([]byte(text), &d.fields)
	for name, raw := range d.fields {
		var s string
		if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			d.values[name] = New(s)
		}
	}
	return d, nil
}

func (d *document) isObject() bool { return d.fields != nil }

var errEmpty = errors.New("the secret is empty")

// value returns the whole text, or the named field of it.
func (d *document) value(field string) (Value, error) {
	v := d.text
	if field != "" {
		var ok bool
		if v, ok = d.values[field]; !ok {
			return Value{}, d.explain(field)
		}
	}
	if v.Empty() {
		return Value{}, errEmpty
	}
	return v, nil
}

// explain says why there is no value for field. Names of fields are told: they
// are what the reference should have said, and the person who wrote it needs them.
func (d *document) explain(field string) error {
	if !d.isObject() {
		return errors.New("the secret is not a JSON object: store one, or leave #field out of the reference")
	}
	if _, ok := d.fields[field]; ok {
		return errors.New("this field of the secret is not a string: put the credential in quotes")
	}
	names := slices.Sorted(maps.Keys(d.fields))
	if len(names) == 0 {
		return errors.New("the secret is a JSON object without fields")
	}
	return fmt.Errorf("the secret has no such field; it has %s", listed(names))
}

// listed joins at most ten names, leaving out any that is probably a
// credential on the wrong side of a colon.
func listed(names []string) string {
	names = slices.DeleteFunc(names, LooksLikeSecret)
	if len(names) > 10 {
		names = append(names[:10:10], "…")
	}
	return strings.Join(names, ", ")
}
