package anthropic

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// toolset is what the model may call.
type toolset struct {
	items []byte // of the tools array
	own   int    // how many of them the client may force
	mcp   []byte // items of mcp_servers
	types []string
	forms forms
}

// readTools translates the tool definitions in their order. They are written
// after the messages, but what is asked about them decides on the system prompt.
func (e *encoder) readTools() error {
	tools, functions := e.get("tools").Array(), e.get("functions").Array()
	strict := e.strictTools(tools)
	for i, tool := range tools {
		if err := e.tool(tool, strict, fmt.Sprintf("tools[%d]", i)); err != nil {
			return err
		}
	}
	if len(tools) > 0 && len(functions) > 0 {
		return paramError("functions", "cannot be sent beside tools, which replaced it")
	}
	for i, fn := range functions {
		e.tools.forms.legacy = true
		if err := e.function(fn, gjson.Result{}, false, fmt.Sprintf("functions[%d]", i)); err != nil {
			return err
		}
	}
	e.addWebSearch()
	return nil
}

// tool translates one tool. A type that OpenAI does not have is one of
// Anthropic's own (web_search_…), sent as extra_body, and stays as it is; so
// does a tool that is in Anthropic's form already.
func (e *encoder) tool(tool gjson.Result, strict bool, path string) error {
	kind := tool.Get("type").Str
	switch {
	case kind == "function":
		fn := tool.Get("function")
		mark := tool.Get("cache_control")
		if !mark.Exists() {
			mark = fn.Get("cache_control")
		}
		return e.function(fn, mark, strict && fn.Get("strict").Type == gjson.True, path+".function")
	case kind == "custom" && tool.Get("custom").Exists():
		return e.customTool(tool.Get("custom"), tool.Get("cache_control"), path+".custom")
	case kind == "mcp":
		return e.mcpServer(tool, path)
	case tool.Get("input_schema").IsObject():
		e.tools.own++
	case kind == "", kind == "custom":
		return paramError(path+".type", "must be \"function\" or \"custom\", not %q", kind)
	}
	e.tools.types = append(e.tools.types, kind)
	e.tools.items = append(next(e.tools.items), tool.Raw...)
	return nil
}

// function translates a function of the client's.
func (e *encoder) function(fn, mark gjson.Result, strict bool, path string) error {
	name := fn.Get("name")
	if !isString(name) || name.Str == "" {
		return paramError(path+".name", "must be a string of 1 to 64 letters, digits, _ and -")
	}
	dst := append(append(next(e.tools.items), `{"name":`...), name.Raw...)
	if d := fn.Get("description"); isString(d) {
		dst = append(append(dst, `,"description":`...), d.Raw...)
	}
	dst = append(dst, `,"input_schema":`...)
	switch schema := fn.Get("parameters"); {
	case !given(schema):
		dst = append(dst, `{"type":"object","properties":{}}`...)
	case !schema.IsObject():
		return paramError(path+".parameters", "must be a JSON Schema object")
	case strict:
		dst = closeSchema(dst, withType(schema))
	default:
		dst = appendTyped(dst, schema)
	}
	if strict {
		dst = append(dst, `,"strict":true`...)
	}
	e.tools.items = appendMark(append(dst, '}'), mark)
	e.tools.own++
	return nil
}

// appendTyped copies a schema. Anthropic wants the type "object" to be said,
// which OpenAI takes as understood.
func appendTyped(dst []byte, schema gjson.Result) []byte {
	if schema.Get("type").Exists() {
		return append(dst, schema.Raw...)
	}
	dst = append(dst, `{"type":"object"`...)
	if !isInert(schema) {
		dst = append(dst, ',')
	}
	return append(dst, schema.Raw[1:]...)
}

func withType(schema gjson.Result) gjson.Result {
	return gjson.Parse(string(appendTyped(nil, schema)))
}

// strictTools reports whether tools can be strict. Beyond the limits the
// provider refuses the whole request; none is strict then, since which of them
// are would be chance.
func (e *encoder) strictTools(tools []gjson.Result) bool {
	var cost schemaCost
	n := 0
	for _, tool := range tools {
		if tool.Get("type").Str == "function" && tool.Get("function.strict").Type == gjson.True {
			n++
			if schema := tool.Get("function.parameters"); schema.IsObject() {
				cost.add(withType(schema))
			}
		}
	}
	if n == 0 || e.is.Schemas && n <= maxStrictTools && cost.fits() {
		return true
	}
	e.drop("strict")
	return false
}

// unavailable is the tool that stands beside a history of calls whose tools are
// not offered any more: the API wants some tool to be defined. It is never
// called, since the choice is none.
const unavailable = `{"name":"unavailable","description":"No tool is available.","input_schema":{"type":"object","properties":{}}}`

// writeTools writes tools, tool_choice and mcp_servers.
func (e *encoder) writeTools() error {
	if e.history.seen.uploads && !e.tools.offers("code_execution_") {
		// What is uploaded to a container can only be read from there.
		e.addHosted(table().CodeExecution, "code_execution")
	}
	items := e.tools.items
	if e.format.byTool() {
		items = e.appendAnswerTool(items)
	}
	if len(items) == 0 && e.history.usedTools {
		e.raw("tools", "["+unavailable+"]")
		e.raw("tool_choice", `{"type":"none"}`)
		return nil
	}
	if len(items) > 0 {
		e.key("tools")
		e.b = append(append(append(e.b, '['), items...), ']')
		e.writeToolChoice()
	}
	return e.writeMCPServers()
}

// addHosted adds one of Anthropic's own tools.
func (e *encoder) addHosted(kind, name string) {
	e.tools.items = append(next(e.tools.items), `{"type":"`+kind+`","name":"`+name+`"}`...)
	e.tools.types = append(e.tools.types, kind)
}

// offers reports whether a hosted tool of that kind is among the tools.
func (t *toolset) offers(prefix string) bool {
	for _, kind := range t.types {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}
