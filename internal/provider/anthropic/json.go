package anthropic

import (
	"strings"

	"github.com/tidwall/gjson"
)

// next appends the comma that must stand between the object that dst ends in
// and another one. Everything this package puts into an array is an object.
func next(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] == '}' {
		return append(dst, ',')
	}
	return dst
}

// inner is the raw text of a JSON string without its quotes: escapes stay as
// they are, so texts can be joined without being decoded.
func inner(v gjson.Result) string {
	if !isString(v) {
		return ""
	}
	return v.Raw[1 : len(v.Raw)-1]
}

func isString(v gjson.Result) bool { return v.Type == gjson.String }

// given reports whether a value was sent and is not null, which in this
// dialect means the same as not being sent.
func given(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

// isBlank reports whether a string holds nothing but white space. The Messages
// API refuses such texts, clients send them all the same.
func isBlank(v gjson.Result) bool { return strings.TrimSpace(v.Str) == "" }

// isInert reports whether a value asks for nothing: absent, null, false, zero
// or empty.
func isInert(v gjson.Result) bool {
	switch v.Type {
	case gjson.Number:
		return v.Num == 0
	case gjson.String:
		return v.Str == ""
	case gjson.JSON:
		empty := true
		v.ForEach(func(_, _ gjson.Result) bool { empty = false; return false })
		return empty
	default:
		return v.Type != gjson.True
	}
}

// rawString is a string's raw text with quotes, and an empty string's for
// anything else: what a lenient reader may put where JSON needs a string.
func rawString(v gjson.Result) string {
	if !isString(v) {
		return `""`
	}
	return v.Raw
}
