package openai

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (p *parser) tools(list gjson.Result) {
	p.must(!list.IsArray() || len(list.Array()) > 0, "tools", "empty_array", "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	for i, t := range list.Array() {
		param := fmt.Sprintf("tools[%d]", i)
		p.oneOf(t.Get("type").Str, param+".type", "function", "custom")
		if t.Get("type").Str != "function" {
			continue
		}
		name, schema := t.Get("function.name"), t.Get("function.parameters")
		p.required(name, param+".function.name")
		p.must(toolName.MatchString(name.Str), param+".function.name", "invalid_value",
			"Invalid '"+param+".function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.")
		p.must(!schema.Exists() || schema.IsObject(), param+".function.parameters", "invalid_function_parameters", "Invalid schema for function '"+name.Str+"': schema must be an object.")
		if !schema.Exists() {
			schema = gjson.Parse(`{"type":"object"}`)
		}
		p.prompt.Tools = append(p.prompt.Tools, dialogue.Tool{Name: name.Str, Schema: schema})
	}
}

func (p *parser) choice(c gjson.Result) {
	p.must(!c.Exists() || c.Type == gjson.Null || p.top["tools"].Exists(), "tool_choice", "", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	p.prompt.Choice.Single = p.top["parallel_tool_calls"].Raw == "false"
	switch {
	case c.IsObject() && c.Get("type").Str == "allowed_tools":
		p.prompt.Choice.Mode = map[string]dialogue.ChoiceMode{"required": dialogue.Any}[c.Get("allowed_tools.mode").Str]
	case c.IsObject():
		name := c.Get("function.name").Str
		p.oneOf(c.Get("type").Str, "tool_choice.type", "function", "allowed_tools", "custom")
		p.must(slices.ContainsFunc(p.prompt.Tools, func(t dialogue.Tool) bool { return t.Name == name }), "tool_choice", "",
			"Tool choice '"+name+"' not found in 'tools' parameter.")
		p.prompt.Choice.Mode, p.prompt.Choice.Tool = dialogue.Named, name
	case c.Type == gjson.String:
		p.oneOf(c.Str, "tool_choice", "none", "auto", "required")
		p.prompt.Choice.Mode = map[string]dialogue.ChoiceMode{"none": dialogue.None, "required": dialogue.Any}[c.Str]
	}
}

func (p *parser) format(f gjson.Result) {
	if !f.IsObject() {
		return
	}
	kind := f.Get("type").Str
	p.oneOf(kind, "response_format.type", "json_object", "json_schema", "text")
	switch kind {
	case "json_schema":
		p.required(f.Get("json_schema.name"), "response_format.json_schema.name")
		p.required(f.Get("json_schema.schema"), "response_format.json_schema.schema")
		p.prompt.Schema = f.Get("json_schema.schema")
	case "json_object":
		p.must(strings.Contains(strings.ToLower(p.top["messages"].Raw), "json"), "messages", "",
			"'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
		p.prompt.JSON = true
	}
}
