package anthropic

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// appendCalls translates the tool calls of an assistant message and returns
// them, to be matched with their results.
func (c *conversation) appendCalls(dst []byte, m message) ([]byte, []toolCall, error) {
	if given(m.functionCall) {
		return c.appendLegacyCall(dst, m)
	}
	if !given(m.toolCalls) {
		return dst, nil, nil
	}
	if !m.toolCalls.IsArray() {
		return dst, nil, paramError(m.at+".tool_calls", "must be a list")
	}
	var calls []toolCall
	for i, v := range m.toolCalls.Array() {
		call := toolCall{id: v.Get("id").Str, path: m.at + ".tool_calls[" + strconv.Itoa(i) + "]"}
		var err error
		if dst, err = appendCall(dst, v, call.path); err != nil {
			return dst, nil, err
		}
		calls = append(calls, call)
	}
	return dst, calls, nil
}

// appendLegacyCall translates function_call, the one call of a message from
// before there were tools. It has no id, so it gets one by its number.
func (c *conversation) appendLegacyCall(dst []byte, m message) ([]byte, []toolCall, error) {
	path := m.at + ".function_call"
	if given(m.toolCalls) {
		return dst, nil, paramError(path, "cannot stand beside tool_calls, which replaced it")
	}
	c.legacy++
	id := legacyID(c.legacy)
	dst, err := appendUse(dst, id, m.functionCall, path)
	return dst, []toolCall{{id: id.Str, path: path}}, err
}

func legacyID(n int) gjson.Result {
	return gjson.Parse(`"function_call_` + strconv.Itoa(n) + `"`)
}

func appendCall(dst []byte, call gjson.Result, path string) ([]byte, error) {
	id := call.Get("id")
	if !isString(id) || id.Str == "" {
		return dst, paramError(path+".id", "must be a string")
	}
	dst, err := appendCallOf(dst, id, call, path)
	return appendMark(dst, call.Get("cache_control")), err
}

func appendCallOf(dst []byte, id, call gjson.Result, path string) ([]byte, error) {
	custom := call.Get("custom")
	if !custom.IsObject() {
		return appendUse(dst, id, call.Get("function"), path+".function")
	}
	name, input := custom.Get("name"), custom.Get("input")
	if !isString(name) || !isString(input) {
		return dst, paramError(path+".custom", "must have a name and an input, both strings")
	}
	return appendToolUse(dst, id, name, `{"`+customInput+`":`+input.Raw+`}`), nil
}

// appendUse translates a call of a function.
func appendUse(dst []byte, id, fn gjson.Result, path string) ([]byte, error) {
	name := fn.Get("name")
	if !isString(name) {
		return dst, paramError(path+".name", "must be a string")
	}
	input, ok := arguments(fn.Get("arguments"))
	if !ok {
		return dst, paramError(path+".arguments", "of tool call %q must be a JSON object in a string", id.Str)
	}
	return appendToolUse(dst, id, name, input), nil
}

func appendToolUse(dst []byte, id, name gjson.Result, input string) []byte {
	dst = appendToolID(append(next(dst), `{"type":"tool_use","id":`...), id)
	dst = append(append(dst, `,"name":`...), name.Raw...)
	return append(append(append(dst, `,"input":`...), input...), '}')
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
