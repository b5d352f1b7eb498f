package bedrock

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// tools writes the tools and the choice among them. Converse refuses a history
// with calls unless there are tools, so the ones that were called are named when
// the client sends none any more.
func (c *conversing) tools() error {
	tools, choice := arrayOf(c.get("tools")), c.get("tool_choice")
	if choice.Get("type").Str == "none" {
		if len(c.called) == 0 {
			return nil // Converse cannot forbid them, but without any there is no call
		}
		c.drop("tool_choice")
	}
	if choice.Get("disable_parallel_tool_use").Bool() {
		c.drop("disable_parallel_tool_use")
	}
	if len(tools) == 0 && len(c.called) == 0 {
		return nil
	}
	c.w.key("toolConfig").open('{').key("tools").open('[')
	for i, tool := range tools {
		if err := c.tool(tool); err != nil {
			return &chat.ParamError{Param: fmt.Sprintf("tools[%d]", i), Message: err.Error()}
		}
	}
	if len(tools) == 0 {
		for _, name := range c.called {
			c.toolSpec(name, gjson.Result{}, emptySchema)
		}
	}
	c.w.end(']')
	c.toolChoice(choice)
	c.w.end('}')
	return nil
}

const emptySchema = `{"type":"object","properties":{}}`

// tool writes a tool of the client's. "strict" is left out: which of the models
// have it is not known, and those that do not refuse the request.
func (c *conversing) tool(tool gjson.Result) error {
	if kind := tool.Get("type").Str; kind != "" && kind != "custom" {
		return fmt.Errorf("a tool of type %q is run by Anthropic, not by Bedrock; send a function", kind)
	}
	if tool.Get("strict").Bool() {
		c.drop("strict")
	}
	schema := emptySchema
	if v := tool.Get("input_schema"); v.IsObject() {
		schema = v.Raw
	}
	c.toolSpec(rawString(tool.Get("name")), tool.Get("description"), schema)
	if c.is.toolCache {
		c.cachePoint(tool.Get("cache_control"))
	}
	return nil
}

func (c *conversing) toolSpec(name string, description gjson.Result, schema string) {
	c.w.open('{').key("toolSpec").open('{').key("name").raw(name)
	if isString(description) && description.Str != "" {
		c.w.key("description").raw(description.Raw)
	}
	c.w.key("inputSchema").open('{').key("json").raw(schema).end('}').end('}').end('}')
}

// toolChoice writes a choice that forces a call. "auto" is what models do
// anyway, and some refuse to be told.
func (c *conversing) toolChoice(choice gjson.Result) {
	switch choice.Get("type").Str {
	case "any":
		c.w.key("toolChoice").open('{').key("any").raw("{}").end('}')
	case "tool":
		c.w.key("toolChoice").open('{').key("tool").open('{').key("name").raw(rawString(choice.Get("name"))).end('}').end('}')
	}
}
