package anthropic

import (
	"strings"

	"github.com/tidwall/gjson"
)

// toolChoice is tool_choice, understood.
type toolChoice struct {
	kind string   // none, auto, any or tool; empty when not given
	name string   // of the tool, raw JSON
	only []string // the tools that may be called, if not all
}

// forced reports whether the model must call a tool.
func (c toolChoice) forced() bool { return c.kind == "any" || c.kind == "tool" }

// readToolChoice understands tool_choice, or function_call, the name before.
// Without tools it means nothing, except that one cannot be forced.
func (e *encoder) readToolChoice() error {
	field := "tool_choice"
	if e.tools.forms.legacy {
		field = "function_call"
	}
	choice, err := parseToolChoice(field, e.get(field))
	if err != nil {
		return err
	}
	if e.tools.own == 0 {
		if choice.forced() {
			return paramError(field, "forces a tool, but there are no tools")
		}
		choice = toolChoice{}
	}
	if choice.forced() && !e.canForce() || len(choice.only) > 0 {
		// A note in the system prompt comes near it, see systemNotes.
		e.drop(field)
	}
	e.choice = choice
	return nil
}

// canForce reports whether the model may be forced to call a tool. Thinking up
// to a budget excludes it.
func (e *encoder) canForce() bool {
	return e.is.Forced && e.get("thinking").Get("type").Str != "enabled"
}

func parseToolChoice(field string, v gjson.Result) (toolChoice, error) {
	switch kind := v.Get("type").Str; {
	case !v.Exists():
		return toolChoice{}, nil
	case v.Str == "none", v.Str == "auto":
		return toolChoice{kind: v.Str}, nil
	case v.Str == "required":
		return toolChoice{kind: "any"}, nil
	case kind == "function", kind == "custom":
		return named(field+"."+kind+".name", v.Get(kind+".name"))
	case kind == "allowed_tools":
		return parseAllowed(v.Get("allowed_tools"))
	case field == "function_call" && v.IsObject():
		return named(field+".name", v.Get("name"))
	}
	return toolChoice{}, paramError(field, "must be none, auto, required, allowed_tools or a tool to call")
}

func named(path string, name gjson.Result) (toolChoice, error) {
	if !isString(name) {
		return toolChoice{}, paramError(path, "must be a string")
	}
	return toolChoice{kind: "tool", name: name.Raw}, nil
}

// parseAllowed reads the choice of some of the tools. The list of tools stays
// whole, since that is what the parameter is for: a shorter one would lose the
// cache of everything. One tool that must be called can be forced.
func parseAllowed(v gjson.Result) (toolChoice, error) {
	var only []string
	for _, tool := range v.Get("tools").Array() {
		name := tool.Get("function.name")
		if !name.Exists() {
			name = tool.Get("custom.name")
		}
		if !isString(name) {
			return toolChoice{}, paramError("tool_choice.allowed_tools.tools", "must be a list of functions with names")
		}
		only = append(only, name.Raw)
	}
	mode := v.Get("mode").Str
	switch {
	case len(only) == 0 || mode != "auto" && mode != "required":
		return toolChoice{}, paramError("tool_choice.allowed_tools", "must have tools and the mode auto or required")
	case mode == "auto":
		return toolChoice{kind: "auto", only: only}, nil
	case len(only) == 1:
		return toolChoice{kind: "tool", name: only[0]}, nil
	default:
		return toolChoice{kind: "any", only: only}, nil
	}
}

// onWire is the choice that is sent: the client's, or the one that makes the
// model answer by a tool of ours, as far as the model can be forced.
func (e *encoder) onWire() toolChoice {
	choice := e.choice
	if e.format.byTool() {
		choice = toolChoice{kind: "any"} // the client's tools may come first
		if e.tools.own == 0 || e.choice.kind == "none" {
			choice = toolChoice{kind: "tool", name: `"` + e.tools.forms.tool + `"`}
		}
	}
	if choice.forced() && !e.canForce() || e.format.byTool() && e.wantsBudget() {
		choice = toolChoice{kind: "auto"}
	}
	return choice
}

// writeToolChoice writes tool_choice, with the wish for one call at a time in
// it, for which OpenAI has a parameter of its own.
func (e *encoder) writeToolChoice() {
	single := e.tools.own > 0 && (e.tools.forms.legacy || e.get("parallel_tool_calls").Type == gjson.False)
	choice := e.onWire()
	if choice.kind == "" && single {
		choice.kind = "auto"
	}
	if choice.kind == "" {
		return
	}
	e.raw("tool_choice", `{"type":"`+choice.kind+`"`)
	if choice.kind == "tool" {
		e.b = append(append(e.b, `,"name":`...), choice.name...)
	}
	if single && choice.kind != "none" {
		e.b = append(e.b, `,"disable_parallel_tool_use":true`...)
	}
	e.b = append(e.b, '}')
}

// choiceNotes say in words what the choice on the wire cannot.
func (e *encoder) choiceNotes() []string {
	switch {
	case e.format.byTool() && e.onWire().kind == "auto":
		return []string{`Give the final answer by calling the tool "` + e.tools.forms.tool + `".`}
	case e.choice.kind == "tool" && !e.canForce():
		return []string{"Answer by calling the tool " + e.choice.name + "."}
	case len(e.choice.only) > 0:
		note := "Of the tools, call only these: " + strings.Join(e.choice.only, ", ") + "."
		if e.choice.kind == "any" && !e.canForce() {
			note = "Answer by calling one of these tools and no other: " + strings.Join(e.choice.only, ", ") + "."
		}
		return []string{note}
	case e.choice.kind == "any" && !e.canForce():
		return []string{"Answer by calling one of the tools."}
	}
	return nil
}
