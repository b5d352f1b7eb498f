package messages

import (
	"strings"

	"github.com/tidwall/gjson"
)

// next appends the comma that must stand between the value that dst ends in and
// another one of the same list.
func next(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '[' && dst[n-1] != '{' {
		return append(dst, ',')
	}
	return dst
}

func isString(v gjson.Result) bool { return v.Type == gjson.String }

// given reports whether a value was sent and is not null.
func given(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

// isBlank reports whether a string holds nothing but white space. It goes by the raw
// text, in which that is spaces and three escapes.
func isBlank(v gjson.Result) bool {
	text := inner(v)
	for {
		rest := strings.TrimLeft(text, " ")
		for _, escape := range [...]string{`\n`, `\r`, `\t`} {
			rest = strings.TrimPrefix(rest, escape)
		}
		if len(rest) == len(text) {
			return text == ""
		}
		text = rest
	}
}

// undecoded is a JSON value of which only Raw and Type may be used: to decode a
// string takes longer than all else that is done with it.
func undecoded(raw string) gjson.Result {
	v := gjson.Result{Type: gjson.Number, Raw: raw}
	switch raw[0] {
	case '"':
		v.Type = gjson.String
	case '{', '[':
		v.Type = gjson.JSON
	case 't':
		v.Type = gjson.True
	case 'f':
		v.Type = gjson.False
	case 'n':
		v.Type = gjson.Null
	}
	return v
}

// inner is the raw text of a JSON string without its quotes, and nothing of any
// other value: escapes stay as they are, so texts can be joined undecoded.
func inner(v gjson.Result) string {
	if !isString(v) {
		return ""
	}
	return v.Raw[1 : len(v.Raw)-1]
}

// rawString is a string's raw text with quotes, an empty string's for anything
// else: what a lenient reader may put where JSON needs a string.
func rawString(v gjson.Result) string {
	if !isString(v) {
		return `""`
	}
	return v.Raw
}

// appendString writes a Go string as a JSON string.
func appendString(dst []byte, s string) []byte { return gjson.AppendJSONString(dst, s) }

// appendQuoted puts a JSON text into a JSON string. gjson's own would also escape
// "<", ">" and "&", by which code in tool calls becomes a good deal longer.
func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := range len(text) {
		var escape string
		switch text[i] {
		case '"':
			escape = `\"`
		case '\\':
			escape = `\\`
		case '\n':
			escape = `\n`
		case '\r':
			escape = `\r`
		case '\t':
			escape = `\t`
		default:
			continue
		}
		dst = append(append(dst, text[done:i]...), escape...)
		done = i + 1
	}
	return append(append(dst, text[done:]...), '"')
}

// isWord reports whether s is not empty and has only letters, digits, "_" and "-":
// what the Messages API takes for the id of a tool call, and what can be put into
// a header.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && c != '-' && (c < '0' || '9' < c) && (c < 'a' || 'z' < c) && (c < 'A' || 'Z' < c) {
			return false
		}
	}
	return s != ""
}
