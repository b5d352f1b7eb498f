package responses

import (
	"github.com/tidwall/gjson"
)

// add appends texts of JSON. With it a line of code reads like the JSON it
// writes; encoding/json would decode and escape anew what is copied here.
func add(dst []byte, texts ...string) []byte {
	for _, text := range texts {
		dst = append(dst, text...)
	}
	return dst
}

// next appends the comma that must stand between the value that dst ends in and
// another one of the same list.
func next(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '[' && dst[n-1] != '{' {
		return append(dst, ',')
	}
	return dst
}

// quote is a Go string as a JSON string.
func quote(s string) string { return string(gjson.AppendJSONString(nil, s)) }

func isString(v gjson.Result) bool { return v.Type == gjson.String }

// isText reports whether v is a string that is not empty.
func isText(v gjson.Result) bool { return isString(v) && v.Str != "" }

// given reports whether a value was sent and is not null.
func given(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

// inner is the raw text of a JSON string without its quotes, and nothing of any
// other value: escapes stay as they are, so texts can be joined undecoded.
func inner(v gjson.Result) string {
	if !isString(v) {
		return ""
	}
	return v.Raw[1 : len(v.Raw)-1]
}

// rawOr is v as JSON, or else where it was not given.
func rawOr(v gjson.Result, otherwise string) string {
	if !given(v) {
		return otherwise
	}
	return v.Raw
}

// rawString is a string's JSON, an empty string's for anything else: what a
// lenient reader may put where JSON needs a string.
func rawString(v gjson.Result) string {
	if !isString(v) {
		return `""`
	}
	return v.Raw
}

// asText is a value as a JSON string: a string itself, or any other's JSON.
func asText(v gjson.Result) string {
	if isString(v) {
		return v.Raw
	}
	return quote(v.Raw)
}

// decode is the text whose escaped form is raw.
func decode(raw string) string {
	return gjson.Parse(`"` + raw + `"`).Str
}

// isEmpty reports whether v asks for nothing: absent, null, false, "", [] or {}.
func isEmpty(v gjson.Result) bool {
	switch v.Type {
	case gjson.String:
		return v.Str == ""
	case gjson.JSON:
		empty := true
		v.ForEach(func(_, _ gjson.Result) bool {
			empty = false
			return false
		})
		return empty
	case gjson.Number:
		return v.Num == 0
	}
	return v.Type != gjson.True
}

// isWord reports whether s is not empty and consists of letters, digits, "_",
// "-" and "." only, so that it can stand in a header and in an id.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != ""
}
