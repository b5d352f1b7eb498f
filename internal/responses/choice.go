package responses

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// choice is tool_choice, understood.
type choice struct {
	value string // as JSON; empty when the client left it open
	// allowed are the functions that may be called; nil means all of them.
	allowed map[string]bool
}

func (c choice) forced() bool { return c.value != "" && c.value != `"auto"` && c.value != `"none"` }

func (c choice) allows(function string) bool { return c.allowed == nil || c.allowed[function] }

// readChoice understands tool_choice. It is read before the tools are written:
// of allowed_tools, which few providers have, remain the tools that are allowed.
// That costs the prompt cache of the others, but a forbidden tool that is called
// costs more.
func (e *encoder) readChoice() error {
	v := e.req.Get("tool_choice")
	switch kind := v.Get("type").Str; {
	case !v.Exists():
		return nil
	case v.Str == "none", v.Str == "auto", v.Str == "required":
		e.choice.value = v.Raw
		return nil
	case kind == "allowed_tools":
		return e.allow(v)
	case isNamed(v):
		e.choice.value = `{"type":"function","function":{"name":` + quote(named(v)) + `}}`
		return nil
	}
	return fault("tool_choice", "must be none, auto, required, allowed_tools, or a function or custom tool by its name")
}

func (e *encoder) allow(v gjson.Result) error {
	mode := v.Get("mode")
	if mode.Str != "auto" && mode.Str != "required" {
		return fault("tool_choice.mode", "must be auto or required")
	}
	e.choice.value, e.choice.allowed = mode.Raw, make(map[string]bool)
	for i, t := range v.Get("tools").Array() {
		switch kind := t.Get("type").Str; {
		case isNamed(t):
			e.choice.allowed[named(t)] = true
		case offered[kind]: // is left out of the tools as well, and named there
		default:
			return fault(fmt.Sprintf("tool_choice.tools[%d]", i), "must be a function or custom tool by its name")
		}
	}
	return nil
}

func isNamed(v gjson.Result) bool {
	kind := v.Get("type").Str
	return (kind == "function" || kind == "custom") && isText(v.Get("name"))
}

// named is the name of the function that is made of the tool that v names.
func named(v gjson.Result) string {
	t := tool{name: v.Get("name").Raw}
	if space := v.Get("namespace"); isText(space) {
		t.namespace = space.Raw
	}
	return t.function()
}
