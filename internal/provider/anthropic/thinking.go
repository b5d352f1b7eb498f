package anthropic

import (
	"slices"
	"strconv"

	"github.com/tidwall/gjson"
)

// effortLevels are OpenAI's, least first, with the share of max_tokens that a
// model with a thinking budget may spend on thinking. The shares are the ones
// that gateways have agreed on by habit; no provider documents any.
var effortLevels = [...]struct {
	name  string
	share float64
}{
	{"minimal", 0.1}, {"low", 0.2}, {"medium", 0.5}, {"high", 0.8}, {"xhigh", 0.95}, {"max", 0.95},
}

// minBudget is the smallest thinking budget. (Anthropic docs,
// build-with-claude/extended-thinking.)
const minBudget int64 = 1024

// writeThinking writes thinking, output_config and the sampling parameters,
// which exclude one another on some models.
func (e *encoder) writeThinking() error {
	effort, err := e.effort()
	if err != nil {
		return err
	}
	on := e.writeThinkingField(effort)
	if err := e.writeOutputConfig(effort); err != nil {
		return err
	}
	return e.writeSampling(on)
}

// effort reads reasoning_effort as an index of effortLevels: -1 when not given,
// none when thinking is not wanted.
func (e *encoder) effort() (int, error) {
	v := e.get("reasoning_effort")
	if !v.Exists() {
		return noEffort, nil
	}
	if v.Str == "none" {
		return noThinking, nil
	}
	for i, l := range effortLevels {
		if l.name == v.Str {
			return i, nil
		}
	}
	return 0, paramError("reasoning_effort", "must be one of none, minimal, low, medium, high, xhigh, max")
}

// Effort values beside the indices of effortLevels.
const (
	noEffort   = -1 // nothing was said
	noThinking = -2 // "none"
)

// writeThinkingField writes "thinking" and reports whether the model will
// think in a way that excludes sampling. A native field goes before the effort.
func (e *encoder) writeThinkingField(effort int) bool {
	if native := e.get("thinking"); native.Exists() {
		e.raw("thinking", native.Raw)
		return native.Get("type").Str != "disabled"
	}
	switch {
	case effort == noEffort:
		return false
	case effort == noThinking:
		e.writeThinkingOff()
		return false
	case e.is.thinking == adaptive:
		// Newer models leave the text of their thoughts out unless asked.
		e.raw("thinking", `{"type":"adaptive","display":"summarized"}`)
		return true
	default:
		return e.writeBudget(effort)
	}
}

func (e *encoder) writeThinkingOff() {
	switch e.is.off {
	case offDisabled:
		e.raw("thinking", `{"type":"disabled"}`)
	case offBetween:
		e.raw("thinking", `{"type":"between_tools"}`)
	case offNever:
		e.drop("reasoning_effort")
	}
}

// writeBudget turns thinking on where it has a budget. Such models refuse it
// together with a forced tool, with a prefill, and in the middle of a tool loop
// that was begun without; each of those is the harder wish, so the effort yields.
func (e *encoder) writeBudget(effort int) bool {
	budget := max(minBudget, int64(effortLevels[effort].share*float64(e.maxTokens)))
	possible := e.is.thinking == budgeted && budget < e.maxTokens &&
		!e.choice.forced() && !e.history.prefill && !e.history.thoughtless
	if !possible {
		e.drop("reasoning_effort")
		return false
	}
	e.raw("thinking", `{"type":"enabled","budget_tokens":`+strconv.FormatInt(budget, 10)+`}`)
	return true
}

// writeOutputConfig writes the effort level and the format of the answer.
func (e *encoder) writeOutputConfig(effort int) error {
	level := e.level(effort)
	format, err := e.format()
	if err != nil {
		return err
	}
	if level == "" && format == "" {
		return nil
	}
	e.key("output_config")
	e.b = append(e.b, '{')
	if level != "" {
		e.b = append(append(append(e.b, `"effort":"`...), level...), '"')
	}
	if level != "" && format != "" {
		e.b = append(e.b, ',')
	}
	if format != "" {
		e.b = append(append(e.b, `"format":`...), format...)
	}
	e.b = append(e.b, '}')
	return nil
}

// level is the model's own level for an effort: the highest that is not above
// what was asked, or its lowest.
func (e *encoder) level(effort int) string {
	if len(e.is.efforts) == 0 || effort == noEffort || effort == noThinking && e.is.off != offNever {
		return ""
	}
	for i := effort; i > 0; i-- {
		if slices.Contains(e.is.efforts, effortLevels[i].name) {
			return effortLevels[i].name
		}
	}
	return e.is.efforts[0]
}

// format is output_config.format for response_format json_schema. The others
// need none: json_object has no counterpart and becomes an instruction, see
// systemNotes.
func (e *encoder) format() (string, error) {
	rf := e.get("response_format")
	switch kind := rf.Get("type").Str; {
	case !rf.Exists(), kind == "text", kind == "json_object":
		return "", nil
	case kind == "json_schema":
		schema := rf.Get("json_schema.schema")
		if !schema.IsObject() {
			return "", paramError("response_format.json_schema.schema", "must be a JSON Schema object")
		}
		return `{"type":"json_schema","schema":` + schema.Raw + `}`, nil
	default:
		return "", paramError("response_format.type", "must be one of text, json_object, json_schema")
	}
}

// wantsJSON reports whether any JSON object is asked for, without a schema.
func wantsJSON(responseFormat gjson.Result) bool {
	return responseFormat.Get("type").Str == "json_object"
}
