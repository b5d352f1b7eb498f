package peerconfig

import (
	"math"
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

type kind int

const (
	null kind = iota
	text
	number
	truth
	list
	object
)

// value is a place in a peer's document. It remembers whether it was read, so
// that in the end everything that was not can be reported. A nil value stands
// for what is not there and may be asked everything.
type value struct {
	path string
	name string // the key it stands under, that of the list for an entry
	at   int    // place in the order of the document
	kind kind
	// scalar is a text, or a number or truth value as it was written.
	scalar string
	items  []*value // of lists and objects
	keys   []string // of objects, in step with items
	read   bool
}

// builder makes values, giving each its place in the order of the document.
type builder struct{ count int }

func (b *builder) value(path, name string, k kind, scalar string) *value {
	b.count++
	return &value{path: path, name: name, at: b.count, kind: k, scalar: scalar}
}

// get returns the field of an object that stands under the first of names
// that is there, or nil.
func (v *value) get(names ...string) *value {
	if v == nil || v.kind != object {
		return nil
	}
	for _, name := range names {
		for i := len(v.keys) - 1; i >= 0; i-- { // of two, parsers take the last
			if v.keys[i] == name && v.items[i].kind != null {
				return v.items[i]
			}
		}
	}
	return nil
}

// text returns a text or number as it was written, "" for all else.
func (v *value) text() string {
	if v == nil || v.kind != text && v.kind != number {
		return ""
	}
	v.read = true
	return v.scalar
}

// number returns a finite number, which some write as a text.
func (v *value) number() (float64, bool) {
	if v == nil || v.kind != text && v.kind != number {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(v.scalar), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	v.read = true
	return f, true
}

// isTrue and isFalse want the truth value itself; what is not there is neither.
func (v *value) isTrue() bool  { return v.isTruth("true") }
func (v *value) isFalse() bool { return v.isTruth("false") }

func (v *value) isTruth(written string) bool {
	if v == nil || v.kind != truth || v.scalar != written {
		return false
	}
	v.read = true
	return true
}

// entries returns what a list holds; nothing for all else.
func (v *value) entries() []*value {
	if v == nil || v.kind != list {
		return nil
	}
	return v.items
}

// fields returns what an object holds; nothing for all else.
func (v *value) fields() []*value {
	if v == nil || v.kind != object {
		return nil
	}
	return v.items
}

// texts returns the texts of a list, or a single one that stands without it.
func (v *value) texts() []string {
	if v != nil && v.kind == text {
		return []string{v.text()}
	}
	var all []string
	for _, e := range v.entries() {
		if s := e.text(); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// settle marks a value and all in it as read.
func (v *value) settle() {
	v.read = true
	for _, item := range v.items {
		item.settle()
	}
}

func (v *value) wasRead() bool {
	if v.read {
		return true
	}
	for _, item := range v.items {
		if item.wasRead() {
			return true
		}
	}
	return false
}

// join leads from path to a key of the object there: a.b, a["b.c"].
func join(path, key string) string {
	plain := key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	switch {
	case secret.LooksLikeSecret(key):
		return path + "[redacted]"
	case !plain:
		return path + "[" + strconv.QuoteToASCII(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// show quotes a value for a note, unless it is long or may be a credential.
func show(s string) string {
	if len(s) > 80 || secret.LooksLikeSecret(s) {
		return "a text of " + strconv.Itoa(len(s)) + " characters"
	}
	return strconv.QuoteToASCII(s)
}
