package anthropic

import (
	"slices"
	"strconv"
	"strings"
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

// checkThinking refuses a native "thinking" that the model would refuse, in
// words that say what it takes instead.
func (e *encoder) checkThinking() error {
	native := e.get("thinking")
	if !native.Exists() {
		return nil
	}
	kind := native.Get("type")
	if !isString(kind) {
		return paramError("thinking.type", "must be a string")
	}
	if !e.is.Guessed && !e.is.thinksBy(kind.Str) {
		if len(e.is.Thinking) == 0 {
			return paramError("thinking", "the model %s cannot think; leave it out", e.model)
		}
		return paramError("thinking.type", "the model %s takes %s, not %q", e.model, strings.Join(e.is.Thinking, ", "), kind.Str)
	}
	budget := native.Get("budget_tokens").Int()
	if most := e.req.MaxOutput(); kind.Str == "enabled" && most > 0 && most <= budget {
		return paramError("max_tokens", "must be greater than thinking.budget_tokens (%d), which is part of it", budget)
	}
	return nil
}

// writeThinking writes thinking, output_config and the sampling parameters,
// which exclude one another on some models.
func (e *encoder) writeThinking() error {
	effort, err := e.effort()
	if err != nil {
		return err
	}
	on := e.writeThinkingField(effort)
	e.writeOutputConfig(effort)
	return e.writeSampling(on)
}

// Effort values beside the indices of effortLevels.
const (
	noEffort   = -1 // nothing was said
	noThinking = -2 // "none"
)

// effort reads reasoning_effort as an index of effortLevels: noEffort when not
// given, noThinking when thinking is not wanted.
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

// thinksNatively reports whether the client itself turned thinking on.
func (e *encoder) thinksNatively() bool {
	native := e.get("thinking")
	return native.Exists() && native.Get("type").Str != "disabled"
}

// wantsBudget reports whether the request asks for thinking up to a budget,
// which excludes a forced tool.
func (e *encoder) wantsBudget() bool {
	if native := e.get("thinking"); native.Exists() {
		return native.Get("type").Str == "enabled"
	}
	effort := e.get("reasoning_effort")
	return e.is.budgeted() && effort.Exists() && effort.Str != "none"
}

// writeThinkingField writes "thinking" and reports whether the model will
// think in a way that excludes sampling. A native field goes before the effort.
func (e *encoder) writeThinkingField(effort int) bool {
	if native := e.get("thinking"); native.Exists() {
		e.raw("thinking", native.Raw)
		return e.thinksNatively()
	}
	switch {
	case effort == noEffort:
		return false
	case effort == noThinking:
		e.writeThinkingOff()
		return false
	case e.is.adaptive():
		// Newer models leave the text of their thoughts out unless asked.
		e.raw("thinking", `{"type":"adaptive","display":"summarized"}`)
		return true
	default:
		return e.writeBudget(effort)
	}
}

func (e *encoder) writeThinkingOff() {
	switch kind, ok := e.is.offSwitch(); {
	case !ok:
		e.drop("reasoning_effort")
	case kind != "":
		e.raw("thinking", `{"type":"`+kind+`"}`)
	}
}

// writeBudget turns thinking on where it has a budget. Such models refuse it
// together with a forced tool, with a prefill, and in the middle of a tool loop
// that was begun without; each of those is the harder wish, so the effort yields.
func (e *encoder) writeBudget(effort int) bool {
	budget := max(minBudget, int64(effortLevels[effort].share*float64(e.maxTokens)))
	possible := e.is.budgeted() && budget < e.maxTokens &&
		!e.choice.forced() && !e.history.prefill && !e.history.thoughtless
	if !possible {
		e.drop("reasoning_effort")
		return false
	}
	e.raw("thinking", `{"type":"enabled","budget_tokens":`+strconv.FormatInt(budget, 10)+`}`)
	return true
}

// writeOutputConfig writes the effort level and the format of the answer.
func (e *encoder) writeOutputConfig(effort int) {
	level := e.level(effort)
	if level == "" && !e.format.native {
		return
	}
	e.key("output_config")
	e.b = append(e.b, '{')
	if level != "" {
		e.b = append(append(append(e.b, `"effort":"`...), level...), '"')
	}
	if level != "" && e.format.native {
		e.b = append(e.b, ',')
	}
	if e.format.native {
		e.b = append(e.b, `"format":{"type":"json_schema","schema":`...)
		e.b = append(closeSchema(e.b, e.format.schema), '}')
	}
	e.b = append(e.b, '}')
}

// level is the model's own level for an effort: the highest that is not above
// what was asked, or its lowest.
func (e *encoder) level(effort int) string {
	if len(e.is.Efforts) == 0 || effort == noEffort {
		return ""
	}
	if _, ok := e.is.offSwitch(); ok && effort == noThinking {
		return ""
	}
	for i := effort; i > 0; i-- {
		if slices.Contains(e.is.Efforts, effortLevels[i].name) {
			return effortLevels[i].name
		}
	}
	return e.is.Efforts[0]
}
