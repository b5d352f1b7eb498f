package anthropic

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// writeTools writes the tool definitions in their order.
func (e *encoder) writeTools() error {
	tools := e.get("tools")
	if isInert(tools) {
		return nil
	}
	e.key("tools")
	e.b = append(e.b, '[')
	for i, tool := range tools.Array() {
		var err error
		if e.b, err = appendTool(next(e.b), tool, fmt.Sprintf("tools[%d]", i)); err != nil {
			return err
		}
	}
	e.b = append(e.b, ']')
	return nil
}

// appendTool translates a function. A tool of another type is one of
// Anthropic's own (web_search_…), sent as extra_body, and stays as it is.
func appendTool(dst []byte, tool gjson.Result, path string) ([]byte, error) {
	switch kind := tool.Get("type").Str; kind {
	case "function":
		return appendFunction(dst, tool, path)
	case "", "custom":
		return dst, paramError(path+".type", "must be \"function\", not %q", kind)
	default:
		return append(dst, tool.Raw...), nil
	}
}

func appendFunction(dst []byte, tool gjson.Result, path string) ([]byte, error) {
	fn := tool.Get("function")
	name := fn.Get("name")
	if !isString(name) || name.Str == "" {
		return dst, paramError(path+".function.name", "must be a string of 1 to 64 letters, digits, _ and -")
	}
	dst = append(append(dst, `{"name":`...), name.Raw...)
	if d := fn.Get("description"); isString(d) {
		dst = append(append(dst, `,"description":`...), d.Raw...)
	}
	dst = append(dst, `,"input_schema":`...)
	dst, err := appendSchema(dst, fn.Get("parameters"), path+".function.parameters")
	if err != nil {
		return dst, err
	}
	if fn.Get("strict").Type == gjson.True {
		dst = append(dst, `,"strict":true`...)
	}
	mark := tool.Get("cache_control")
	if !mark.Exists() {
		mark = fn.Get("cache_control")
	}
	dst = append(dst, '}')
	return appendMark(dst, mark), nil
}

// appendSchema copies a function's parameters. Anthropic wants the type
// "object" to be said, which OpenAI takes as understood.
func appendSchema(dst []byte, schema gjson.Result, path string) ([]byte, error) {
	if !given(schema) {
		return append(dst, `{"type":"object","properties":{}}`...), nil
	}
	if !schema.IsObject() {
		return dst, paramError(path, "must be a JSON Schema object")
	}
	if schema.Get("type").Exists() {
		return append(dst, schema.Raw...), nil
	}
	dst = append(dst, `{"type":"object"`...)
	if !isInert(schema) {
		dst = append(dst, ',')
	}
	return append(dst, schema.Raw[1:]...), nil
}

// appendMark puts a cache breakpoint into the object that dst ends in. An
// empty one means none.
func appendMark(dst []byte, mark gjson.Result) []byte {
	if len(dst) == 0 || !mark.IsObject() || isInert(mark) {
		return dst
	}
	dst = append(dst[:len(dst)-1], `,"cache_control":`...)
	return append(append(dst, mark.Raw...), '}')
}
