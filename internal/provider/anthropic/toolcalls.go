package anthropic

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// appendCalls translates the tool calls of an assistant message and returns
// them, to be matched with their results.
func appendCalls(dst []byte, m message) ([]byte, []toolCall, error) {
	if !given(m.toolCalls) {
		return dst, nil, nil
	}
	if !m.toolCalls.IsArray() {
		return dst, nil, paramError(m.at+".tool_calls", "must be a list")
	}
	var calls []toolCall
	for i, v := range m.toolCalls.Array() {
		call := toolCall{id: v.Get("id").Str, message: m.n, index: i}
		var err error
		if dst, err = appendCall(dst, v, call.path()); err != nil {
			return dst, nil, err
		}
		calls = append(calls, call)
	}
	return dst, calls, nil
}

func appendCall(dst []byte, call gjson.Result, path string) ([]byte, error) {
	id, name := call.Get("id"), call.Get("function.name")
	if !isString(id) || id.Str == "" {
		return dst, paramError(path+".id", "must be a string")
	}
	if !isString(name) {
		return dst, paramError(path+".function.name", "must be a string; only calls of functions are supported")
	}
	input, ok := arguments(call.Get("function.arguments"))
	if !ok {
		return dst, paramError(path+".function.arguments", "of tool call %q must be a JSON object in a string", id.Str)
	}
	dst = appendToolID(append(next(dst), `{"type":"tool_use","id":`...), id)
	dst = append(append(dst, `,"name":`...), name.Raw...)
	dst = append(append(dst, `,"input":`...), input...)
	return appendMark(append(dst, '}'), call.Get("cache_control")), nil
}

// arguments is the JSON object inside the arguments string. Some clients send
// the object itself. The check is the standard library's, which unlike gjson's
// bounds its depth: the string is the client's and has been checked by nobody.
func arguments(v gjson.Result) (string, bool) {
	if v.IsObject() {
		return v.Raw, true
	}
	if given(v) && !isString(v) {
		return "", false
	}
	text := strings.TrimSpace(v.Str)
	if text == "" {
		return "{}", true
	}
	return text, text[0] == '{' && json.Valid([]byte(text))
}

// appendToolID appends a tool call's id as a JSON string. Ids of other
// providers may hold characters that Anthropic refuses. These are replaced, and
// a hash keeps ids apart that only differ in them. It depends on the id alone,
// so call and result agree, in this request and in the next.
func appendToolID(dst []byte, id gjson.Result) []byte {
	if isWord(id.Str) {
		return append(dst, id.Raw...)
	}
	clean := []byte(id.Str)
	for i, c := range clean {
		if !isWordByte(c) {
			clean[i] = '_'
		}
	}
	sum := sha256.Sum256([]byte(id.Str))
	return fmt.Appendf(dst, `"%s_%s"`, clean, hex.EncodeToString(sum[:4]))
}
