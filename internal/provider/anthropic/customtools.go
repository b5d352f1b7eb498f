package anthropic

import (
	"strings"

	"github.com/tidwall/gjson"
)

// customInput is the property that carries the plain text of a custom tool.
const customInput = "input"

const customSchema = `{"type":"object","properties":{"` + customInput + `":{"type":"string"}},"required":["` + customInput + `"],"additionalProperties":false}`

// customTool translates a tool whose input is a plain text into a function of
// one text. A grammar that the text must follow has no counterpart: the model
// is told it, and the client that nothing holds the model to it.
func (e *encoder) customTool(tool, mark gjson.Result, path string) error {
	name := tool.Get("name")
	if !isString(name) || name.Str == "" {
		return paramError(path+".name", "must be a string of 1 to 64 letters, digits, _ and -")
	}
	about := tool.Get("description").Str
	if grammar := grammarOf(tool.Get("format")); grammar.Exists() {
		e.drop("grammar")
		about = strings.TrimSpace(about + "\n\nThe input must follow this " + grammar.Get("syntax").Str + " grammar:\n" + grammar.Get("definition").Str)
	}
	dst := append(append(next(e.tools.items), `{"name":`...), name.Raw...)
	if about != "" {
		dst = gjson.AppendJSONString(append(dst, `,"description":`...), about)
	}
	dst = append(append(dst, `,"input_schema":`...), customSchema...)
	e.tools.items = appendMark(append(dst, '}'), mark)
	e.tools.own++
	if e.tools.forms.custom == nil {
		e.tools.forms.custom = make(map[string]bool)
	}
	e.tools.forms.custom[name.Str] = true
	return nil
}

// grammarOf finds the grammar of a format: within it, as Chat Completions has
// it, or the format itself, as Responses has it.
func grammarOf(format gjson.Result) gjson.Result {
	if g := format.Get("grammar"); g.IsObject() {
		return g
	}
	if format.Get("type").Str == "grammar" {
		return format
	}
	return gjson.Result{}
}

// customText is the text inside the input of a call. An input of another form,
// which nothing but a bound on the answer can cause, is returned as it is.
func customText(input string) string {
	if v := gjson.Get(input, customInput); isString(v) {
		return v.Str
	}
	return input
}
