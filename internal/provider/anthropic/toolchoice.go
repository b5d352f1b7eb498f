package anthropic

import "github.com/tidwall/gjson"

// toolChoice is tool_choice, understood.
type toolChoice struct {
	kind string // none, auto, any or tool; empty when not given
	name string // of the tool, raw JSON
}

// forced reports whether the model must call a tool.
func (c toolChoice) forced() bool { return c.kind == "any" || c.kind == "tool" }

// readToolChoice understands tool_choice. Without tools it means nothing,
// except that one cannot be forced.
func (e *encoder) readToolChoice() error {
	v := e.get("tool_choice")
	choice, err := parseToolChoice(v)
	if err != nil {
		return err
	}
	if isInert(e.get("tools")) {
		if choice.forced() {
			return paramError("tool_choice", "forces a tool, but there are no tools")
		}
		choice = toolChoice{}
	}
	if choice.forced() && !e.is.forced {
		// A note in the system prompt comes near it, see systemNotes.
		e.drop("tool_choice")
	}
	e.choice = choice
	return nil
}

func parseToolChoice(v gjson.Result) (toolChoice, error) {
	switch {
	case !v.Exists():
		return toolChoice{}, nil
	case v.Str == "none", v.Str == "auto":
		return toolChoice{kind: v.Str}, nil
	case v.Str == "required":
		return toolChoice{kind: "any"}, nil
	case v.Get("type").Str == "function":
		name := v.Get("function.name")
		if !isString(name) {
			return toolChoice{}, paramError("tool_choice.function.name", "must be a string")
		}
		return toolChoice{kind: "tool", name: name.Raw}, nil
	}
	return toolChoice{}, paramError("tool_choice", "must be none, auto, required or a function to call")
}

// writeToolChoice writes tool_choice, with the wish for one call at a time in
// it, for which OpenAI has a parameter of its own.
func (e *encoder) writeToolChoice() error {
	single := e.get("parallel_tool_calls").Type == gjson.False && !isInert(e.get("tools"))
	kind := e.choice.kind
	if kind == "" && single || e.choice.forced() && !e.is.forced {
		kind = "auto"
	}
	if kind == "" {
		return nil
	}
	e.raw("tool_choice", `{"type":"`+kind+`"`)
	if kind == "tool" {
		e.b = append(append(e.b, `,"name":`...), e.choice.name...)
	}
	if single && kind != "none" {
		e.b = append(e.b, `,"disable_parallel_tool_use":true`...)
	}
	e.b = append(e.b, '}')
	return nil
}
