package anthropic

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

var (
	toolName   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	hostedTool = regexp.MustCompile(`^([a-z_]+_[0-9]{8}|mcp_toolset)$`)
)

func (p *parser) tools(list gjson.Result) {
	if !list.Exists() {
		return
	}
	p.must(list.IsArray(), "tools", "Input should be a valid list")
	seen := map[string]bool{}
	for i, t := range list.Array() {
		path := at("tools", i)
		if kind := t.Get("type").Str; kind == "" || kind == "custom" {
			p.custom(t, path+".custom")
		} else {
			p.must(hostedTool.MatchString(kind), path, "Input tag '"+kind+"' found using 'type' does not match any of the expected tags: 'custom', 'bash_20250124', 'text_editor_20250728', 'web_search_20250305'")
		}
		p.prompt.Search = p.prompt.Search || strings.HasPrefix(t.Get("type").Str, "web_search_")
		name := t.Get("name").Str
		p.must(name == "" || !seen[name], "tools", "Tool names must be unique.")
		seen[name] = true
		p.place(t, dialogue.Tokens(len(t.Raw)), path)
	}
	p.choice(p.top["tool_choice"])
}

func (p *parser) custom(t gjson.Result, path string) {
	p.unknown(t.Map(), path, "type", "name", "description", "input_schema", "cache_control", "strict",
		"defer_loading", "allowed_callers", "input_examples", "eager_input_streaming")
	name, schema := t.Get("name").Str, t.Get("input_schema")
	p.must(t.Get("name").Exists(), path+".name", "Field required")
	p.must(toolName.MatchString(name), path+".name", "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
	p.must(schema.Exists(), path+".input_schema", "Field required")
	p.must(schema.IsObject(), path+".input_schema", "Input should be a valid dictionary")
	p.must(schema.Get("type").Exists(), path+".input_schema.type", "Field required")
	p.must(schema.Get("type").Str == "object", path+".input_schema.type", "Input should be 'object'")
	if t.Get("strict").Bool() {
		p.closed(schema, path+".input_schema", 0)
	}
	p.prompt.Tools = append(p.prompt.Tools, dialogue.Tool{Name: name, Schema: schema})
}

// closed holds a schema that output is constrained by to what Anthropic's
// structured outputs support: objects closed, no bounds on numbers or texts.
func (p *parser) closed(s gjson.Result, path string, depth int) {
	if depth > 32 || !s.IsObject() {
		return
	}
	if s.Get("type").Str == "object" || s.Get("properties").Exists() {
		p.must(s.Get("additionalProperties").Raw == "false", path, "For 'object' type, 'additionalProperties' must be explicitly set to false")
	}
	for _, keyword := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"} {
		p.must(!s.Get(keyword).Exists(), path, "For '"+s.Get("type").Str+"' type, property '"+keyword+"' is not supported")
	}
	s.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "properties", "$defs", "definitions":
			v.ForEach(func(name, child gjson.Result) bool {
				p.closed(child, path+"."+key.Str+"."+name.Str, depth+1)
				return true
			})
		case "items":
			p.closed(v, path+".items", depth+1)
		case "anyOf", "allOf":
			for i, child := range v.Array() {
				p.closed(child, at(path+"."+key.Str, i), depth+1)
			}
		}
		return true
	})
}

func (p *parser) choice(c gjson.Result) {
	if !c.Exists() {
		return
	}
	kind := c.Get("type").Str
	fields := map[string][]string{
		"auto": {"type", "disable_parallel_tool_use"},
		"any":  {"type", "disable_parallel_tool_use"},
		"tool": {"type", "disable_parallel_tool_use", "name"},
		"none": {"type"},
	}[kind]
	p.must(fields != nil, "tool_choice", "Input tag '"+kind+"' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'")
	p.extra(c.Map(), "tool_choice."+kind, fields...)
	choice := dialogue.Choice{Single: c.Get("disable_parallel_tool_use").Bool(), Tool: c.Get("name").Str}
	choice.Mode = map[string]dialogue.ChoiceMode{"any": dialogue.Any, "tool": dialogue.Named, "none": dialogue.None}[kind]
	if choice.Mode == dialogue.Named {
		p.must(c.Get("name").Exists(), "tool_choice.tool.name", "Field required")
		named := slices.ContainsFunc(p.prompt.Tools, func(t dialogue.Tool) bool { return t.Name == choice.Tool })
		p.must(named, "", "Tool '"+choice.Tool+"' not found in provided tools")
	}
	if forced(choice) {
		p.must(p.prompt.Model.Forced, "tool_choice", "`"+kind+"` is not supported for this model. Use `auto`.")
		p.must(p.top["thinking"].Get("type").Str != "enabled", "", "Thinking may not be enabled when tool_choice forces tool use.")
	}
	p.prompt.Choice = choice
}

func forced(c dialogue.Choice) bool { return c.Mode == dialogue.Any || c.Mode == dialogue.Named }
