package bedrock

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// writer writes compact JSON. It sets the commas by looking at what it wrote
// last, which works because no JSON value ends in one of the four bytes after
// which none is needed.
type writer struct{ b []byte }

func (w *writer) comma() {
	if len(w.b) == 0 {
		return
	}
	switch w.b[len(w.b)-1] {
	case '{', '[', ':', ',':
	default:
		w.b = append(w.b, ',')
	}
}

// open begins an object or an array; end ends it.
func (w *writer) open(bracket byte) *writer {
	w.comma()
	w.b = append(w.b, bracket)
	return w
}

func (w *writer) end(bracket byte) *writer {
	w.b = append(w.b, bracket)
	return w
}

// key begins a member; name needs no escaping.
func (w *writer) key(name string) *writer {
	w.comma()
	w.b = append(append(append(w.b, '"'), name...), `":`...)
	return w
}

// raw writes a value that is JSON already.
func (w *writer) raw(value string) *writer {
	w.comma()
	w.b = append(w.b, value...)
	return w
}

func (w *writer) text(s string) *writer {
	w.comma()
	w.b = gjson.AppendJSONString(w.b, s)
	return w
}

func (w *writer) number(n int64) *writer {
	w.comma()
	w.b = strconv.AppendInt(w.b, n, 10)
	return w
}

func isString(v gjson.Result) bool { return v.Type == gjson.String }

// rawString is a string's raw text with quotes, and an empty string's for
// anything else.
func rawString(v gjson.Result) string {
	if !isString(v) {
		return `""`
	}
	return v.Raw
}

// isBlank reports whether a string has nothing but white space, which Bedrock
// refuses in text blocks.
func isBlank(v gjson.Result) bool { return strings.TrimSpace(v.Str) == "" }

// given reports whether a value was sent and is not null.
func given(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

// isEmpty reports whether v is absent, null, or an array or object of nothing.
func isEmpty(v gjson.Result) bool {
	if !v.IsArray() && !v.IsObject() {
		return !given(v)
	}
	empty := true
	v.ForEach(func(_, _ gjson.Result) bool { empty = false; return false })
	return empty
}
