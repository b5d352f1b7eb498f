package messages

import (
	"slices"
	"strings"
)

// efforts are the levels of reasoning_effort, least first.
var efforts = [...]string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// quirks is what a model refuses that its API has a field for.
type quirks struct {
	line string // the row covers names that begin so
	// reasons: no sampling parameters and no stop sequences are taken, and
	// max_tokens only under its newer name.
	reasons bool
	// least and most are the efforts it knows; empty when it takes none.
	least, most string
}

// lines are read by the longest match. They follow OpenAI's docs
// (guides/reasoning and the pages of the models) and serve dialects that pass
// parameters through. The last row is for what compatible servers host: nearly
// all take the three levels that came first, and "none" is the only way to say
// that no thinking is wanted.
var lines = [...]quirks{
	{"gpt-5.", true, "none", "xhigh"},
	{"gpt-5", true, "minimal", "high"},
	{"o1", true, "low", "high"},
	{"o3", true, "low", "high"},
	{"o4", true, "low", "high"},
	{"gpt-4", false, "", ""},
	{"gpt-3.5", false, "", ""},
	{"chatgpt", false, "", ""},
	{"", false, "none", "high"},
}

// openAI reports whether the row is for models of OpenAI's own.
func (q quirks) openAI() bool { return q.line != "" }

// quirksOf goes by the name without the vendor that some hosts put before it, as
// in "openai/gpt-5".
func quirksOf(model string) quirks {
	name := model[strings.LastIndexByte(model, '/')+1:]
	i := slices.IndexFunc(lines[:], func(q quirks) bool { return strings.HasPrefix(name, q.line) })
	return lines[i] // the last row matches all
}

// clamp brings an effort into what the model knows; empty when it takes none.
func (q quirks) clamp(effort string) string {
	at := func(level string) int { return slices.Index(efforts[:], level) }
	if q.most == "" {
		return ""
	}
	return efforts[min(max(at(effort), at(q.least)), at(q.most))]
}
