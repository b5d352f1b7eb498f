package messages

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// writeTools writes the tools that the client runs, and tool_choice. Anthropic's
// own tools, which have a version in their type, are left out: other models were
// not trained on them. Without any left there is nothing the client could want
// of the request, so then they are refused.
func (t *translation) writeTools() error {
	tools := t.get("tools").Array()
	var list []byte
	for i, tool := range tools {
		kind := tool.Get("type").Str
		if kind != "" && kind != "custom" {
			t.drop(kind)
			continue
		}
		var err error
		if list, err = t.appendTool(next(list), tool, fmt.Sprintf("tools[%d]", i)); err != nil {
			return err
		}
	}
	if len(tools) > 0 && list == nil {
		return fault("tools", "%q is a tool of Anthropic's that this model's provider does not have", tools[0].Get("type").Str)
	}
	if list == nil {
		return nil
	}
	t.key("tools")
	t.b = append(append(append(t.b, '['), list...), ']')
	return t.writeChoice()
}

// appendTool writes a function, and notes what of it is left out.
func (t *translation) appendTool(dst []byte, tool gjson.Result, at string) ([]byte, error) {
	name, schema := tool.Get("name"), tool.Get("input_schema")
	if name.Str == "" {
		return nil, fault(at+".name", "must be a string of 1 to 128 letters, digits, _ and -")
	}
	if given(schema) && !schema.IsObject() {
		return nil, fault(at+".input_schema", "must be a JSON Schema object")
	}
	t.names.add(name.Str)
	dst = appendString(append(dst, `{"type":"function","function":{"name":`...), toolName(name.Str))
	if d := tool.Get("description"); isString(d) {
		dst = append(append(dst, `,"description":`...), d.Raw...)
	}
	if schema.IsObject() {
		dst = append(append(dst, `,"parameters":`...), schema.Raw...)
	}
	if tool.Get("strict").Type == gjson.True {
		if t.opt.Extended || fitsStrict(schema) {
			dst = append(dst, `,"strict":true`...)
		} else {
			t.drop("strict")
		}
	}
	t.dropMembers(tool)
	mark := tool.Get("cache_control")
	t.dropMark(mark)
	return append(t.appendMark(append(dst, '}'), mark), '}'), nil
}

func (t *translation) dropMembers(tool gjson.Result) {
	for name := range chat.Members(tool.Raw) {
		switch name {
		case "type", "name", "description", "input_schema", "strict", "cache_control":
		default:
			t.drop(name)
		}
	}
}

// writeChoice writes tool_choice and, out of it, parallel_tool_calls.
func (t *translation) writeChoice() error {
	choice := t.get("tool_choice")
	if !choice.Exists() {
		return nil
	}
	switch kind := choice.Get("type").Str; kind {
	case "auto", "none":
		t.raw("tool_choice", `"`+kind+`"`)
	case "any":
		t.raw("tool_choice", `"required"`)
	case "tool":
		name := choice.Get("name").Str
		if !t.hasTool(name) {
			return fault("tool_choice.name", "%q is none of the tools that can be sent to this model's provider", name)
		}
		t.raw("tool_choice", `{"type":"function","function":{"name":`+string(appendString(nil, toolName(name)))+`}}`)
	default:
		return fault("tool_choice.type", "must be one of auto, any, tool and none")
	}
	if choice.Get("disable_parallel_tool_use").Type == gjson.True {
		t.raw("parallel_tool_calls", "false")
	}
	return nil
}

// hasTool reports whether a tool of that name is sent.
func (t *translation) hasTool(name string) (found bool) {
	t.get("tools").ForEach(func(_, tool gjson.Result) bool {
		kind := tool.Get("type").Str
		found = tool.Get("name").Str == name && (kind == "" || kind == "custom")
		return !found
	})
	return found
}
