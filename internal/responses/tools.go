package responses

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// tool is what a function of the translated request is to the client. Members
// are raw JSON strings.
type tool struct {
	name, namespace string // namespace is empty for a tool that stands alone
	custom          bool   // takes free text instead of JSON
}

// tools are the ones that differ from the function made of them, by its name.
type tools map[string]tool

// offered are the tools that run at the provider and that agents offer by habit.
// Without them the answer may be poorer, but the client waits for nothing.
var offered = map[string]bool{
	"web_search": true, "web_search_2025_08_26": true,
	"web_search_preview": true, "web_search_preview_2025_03_11": true,
	"image_generation": true, "tool_search": true, "programmatic_tool_calling": true,
}

// writeTools writes the functions, and tool_choice, which is not allowed without.
func (e *encoder) writeTools() error {
	start := len(e.b)
	e.b = add(next(e.b), `"tools":[`)
	for i, v := range e.req.Get("tools").Array() {
		if err := e.tool(v, "", fmt.Sprintf("tools[%d]", i)); err != nil {
			return err
		}
	}
	e.b = append(e.b, ']')
	if len(e.functions) == 0 {
		e.b = e.b[:start]
		if e.choice.forced() {
			return fault("tool_choice", "forces a tool, but none of the tools can be used with this model")
		}
		return nil
	}
	if v := e.req.Get("parallel_tool_calls"); v.Exists() {
		e.field("parallel_tool_calls", v.Raw)
	}
	if e.choice.value != "" {
		e.field("tool_choice", e.choice.value)
	}
	return nil
}

// tool writes one tool. namespace is raw JSON, empty outside of one.
func (e *encoder) tool(v gjson.Result, namespace, path string) error {
	kind := v.Get("type").Str
	switch {
	case kind == "function" || kind == "custom":
		return e.function(v, namespace, path)
	case kind == "namespace" && namespace == "":
		return e.namespace(v, path)
	case offered[kind]:
		e.drop("tools." + kind)
		return nil
	}
	return fault(path+".type", "%q is a tool of OpenAI's own, which this model does not have; offer it as a function or leave it out", kind)
}

func (e *encoder) namespace(v gjson.Result, path string) error {
	if !isText(v.Get("name")) {
		return fault(path+".name", "must be a string that is not empty")
	}
	for i, inside := range v.Get("tools").Array() {
		if err := e.tool(inside, v.Get("name").Raw, fmt.Sprintf("%s.tools[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

// function writes a function or a custom tool as a function.
func (e *encoder) function(v gjson.Result, namespace, path string) error {
	if !isText(v.Get("name")) {
		return fault(path+".name", "must be a string that is not empty")
	}
	is := tool{name: v.Get("name").Raw, namespace: namespace, custom: v.Get("type").Str == "custom"}
	name := is.function()
	if !e.choice.allows(name) {
		return nil
	}
	if err := e.claim(name, path); err != nil {
		return err
	}
	e.functions = append(e.functions, path)
	if is.custom || is.namespace != "" || name != v.Get("name").Str {
		if e.tools == nil {
			e.tools = make(tools)
		}
		e.tools[name] = is
	}
	e.b = add(next(e.b), `{"type":"function","function":{"name":`, quote(name))
	if is.custom {
		e.b = appendCustom(e.b, v)
	} else {
		e.b = appendMembers(e.b, v, "description", "parameters", "strict")
	}
	e.b = append(e.b, '}')
	e.b = append(appendMembers(e.b, v, "cache_control"), '}')
	return nil
}

// claim notes that a name is taken. A call of a name that two tools have could
// not be told to belong to either: namespaces become part of names.
func (e *encoder) claim(name, path string) error {
	if other, taken := e.named[name]; taken {
		return fault(path+".name", "becomes the function %q for this model, as the name of %s does; give one of them another", name, other)
	}
	if e.named == nil {
		e.named = make(map[string]string)
	}
	e.named[name] = path
	return nil
}

// appendMembers copies members of an object as they stand.
func appendMembers(dst []byte, from gjson.Result, names ...string) []byte {
	for _, name := range names {
		if v := from.Get(name); given(v) {
			dst = add(dst, `,"`, name, `":`, v.Raw)
		}
	}
	return dst
}

// appendCustom makes a function with one text of a tool that takes free text:
// Chat Completions has custom tools too, but next to no model besides OpenAI's.
// A grammar cannot be enforced, so the model is told of it.
func appendCustom(dst []byte, v gjson.Result) []byte {
	about := inner(v.Get("description"))
	if grammar := v.Get("format"); isText(grammar.Get("definition")) {
		about += `\n\nThe input must follow this grammar (` + inner(grammar.Get("syntax")) + `):\n` +
			inner(grammar.Get("definition"))
	}
	if about != "" {
		dst = add(dst, `,"description":"`, about, `"`)
	}
	return add(dst, `,"parameters":{"type":"object","properties":{"input":{"type":"string",`,
		`"description":"The whole input of the tool, as plain text."}},"required":["input"],"additionalProperties":false}`)
}

// maxName is the longest name that a function may have at OpenAI and at most
// compatible servers.
const maxName = 64

// function is the name of the function that is made of a tool. Functions stand
// side by side, so what is in a namespace gets its name in front; a long name is
// cut and ends in a hash of the whole, so that it is the same in each turn.
func (t tool) function() string {
	name := gjson.Parse(t.name).Str
	if t.namespace != "" {
		name = gjson.Parse(t.namespace).Str + "__" + name
	}
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	end := "_" + hex.EncodeToString(sum[:4])
	return strings.ToValidUTF8(name[:maxName-len(end)], "") + end
}
