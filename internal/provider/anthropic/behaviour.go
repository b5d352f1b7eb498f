package anthropic

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/fallow-dev/fallow/internal/provider"
)

// behaviour is what a model accepts: in part what GET /v1/models says, in part
// what only the docs do (sampling, prefill, forced tools, system turns).
type behaviour struct {
	// Line: the row covers this name and its longer versions.
	Line string `json:"line"`
	// Thinking are the accepted values of thinking.type; Thinks says that the
	// model thinks when it is not told whether to.
	Thinking []string `json:"thinking"`
	Thinks   bool     `json:"thinks"`
	// Efforts are the levels of output_config.effort, least first.
	Efforts []string `json:"efforts"`
	// Sampling is what it takes of temperature and top_p.
	Sampling sampling `json:"sampling"`
	// Prefill: it may continue a trailing assistant message.
	Prefill bool `json:"prefill"`
	// Forced: it may be forced to call a tool.
	Forced bool `json:"forced"`
	// SystemTurns: messages may have the role system.
	SystemTurns bool `json:"system_turns"`
	// Schemas: output_config.format and strict tools.
	Schemas bool `json:"schemas"`
	// WebSearch is the type of its search tool; empty when it has none.
	WebSearch string `json:"web_search"`
	// MaxOutput is the most it says in one answer, in tokens.
	MaxOutput int64 `json:"max_output"`
	// Guessed marks the rows for what came after the table, so that what they
	// say is not held against a client.
	Guessed bool `json:"guessed"`
}

// sampling is what a model takes of temperature and top_p.
type sampling string

const (
	noSampling  sampling = "none" // only the values that change nothing
	oneSampling sampling = "one"  // either of the two, not both
	anySampling sampling = "any"
)

// behavioursFile is data rather than code, since it changes with every model
// and should be read next to the page it was taken from. Where its sources are
// silent the row lets the provider judge. Retired models are kept as clouds
// host them longer. The last two rows are for what came after the table: a
// newer Claude, taken to be like the newest, and a model that is none of
// Anthropic's behind the same wire format, taken to accept what the format has
// always had.
//
//go:embed behaviours.json
var behavioursFile []byte

// behaviourTable is the file. It is immutable.
type behaviourTable struct {
	Source, Date string
	// Betas maps a field of a request, or the type of a tool, to the beta that
	// it belongs to.
	Betas map[string]string
	// CodeExecution is the type of the tool that reads uploaded files.
	CodeExecution string `json:"code_execution"`
	Models        []behaviour
}

// table reads the file once, and not before it is asked for: a Lambda that
// serves another provider need not pay for it.
var table = sync.OnceValue(func() *behaviourTable {
	var t behaviourTable
	if err := json.Unmarshal(behavioursFile, &t); err != nil {
		panic(fmt.Sprintf("anthropic: behaviours.json: %v", err)) // a test reads it, too
	}
	return &t
})

// behaviourOf returns the row of the longest line that model is a version of.
func behaviourOf(model string) behaviour {
	name := baseName(model)
	rows := table().Models
	best := &rows[len(rows)-1]
	for i := range rows {
		if b := &rows[i]; len(b.Line) > len(best.Line) && isVersionOf(name, b.Line) {
			best = b
		}
	}
	return *best
}

// with returns the behaviour with what the provider itself says of the model.
func (b behaviour) with(c provider.Capabilities) behaviour {
	if c.MaxOutput > 0 {
		b.MaxOutput = c.MaxOutput
	}
	if c.Thinking != nil {
		b.Thinking = c.Thinking
		b.Guessed = false
	}
	if c.Efforts != nil {
		b.Efforts = c.Efforts
	}
	if c.StructuredOutputs != nil {
		b.Schemas = *c.StructuredOutputs
	}
	return b
}

func (b *behaviour) thinksBy(kind string) bool { return slices.Contains(b.Thinking, kind) }

// adaptive reports whether the model decides itself how much to think, guided
// by an effort level; budgeted whether it thinks up to a number of tokens.
func (b *behaviour) adaptive() bool { return b.thinksBy("adaptive") }
func (b *behaviour) budgeted() bool { return !b.adaptive() && b.thinksBy("enabled") }

// offSwitch is how the model is asked not to think: a thinking.type, nothing
// when it does not think unless asked, or ok false when it always does. The
// lowest effort is then the nearest there is.
func (b *behaviour) offSwitch() (kind string, ok bool) {
	switch {
	case !b.Thinks:
		return "", true
	case b.thinksBy("disabled"):
		return "disabled", true
	case b.thinksBy("between_tools"):
		return "between_tools", true // the least that it does
	default:
		return "", false
	}
}
