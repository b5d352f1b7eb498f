package anthropic

// behaviour is what GET /v1/models does not say about a model: which
// parameters it refuses with a 400.
type behaviour struct {
	line      string // the row covers this name and its longer versions
	thinking  thinkingStyle
	off       offSwitch
	efforts   []string // levels of output_config.effort, least first
	sampling  sampling
	prefill   bool  // may continue a trailing assistant message
	forced    bool  // may be forced to call a tool
	maxOutput int64 // tokens
}

// thinkingStyle is how a model is asked to think.
type thinkingStyle int

const (
	unthinking thinkingStyle = iota // cannot
	adaptive                        // decides itself, guided by an effort level
	budgeted                        // up to a number of tokens
)

// offSwitch is how a model is asked not to think.
type offSwitch int

const (
	offUnlessAsked offSwitch = iota // by saying nothing
	offDisabled                     // thinking.type "disabled"
	offBetween                      // thinking.type "between_tools", the least it does
	offNever                        // it always thinks; the lowest effort is nearest
)

// sampling is what a model takes of temperature and top_p.
type sampling int

const (
	noSampling  sampling = iota // only the values that change nothing
	oneSampling                 // either of the two, not both
	anySampling
)

var (
	allEfforts = []string{"low", "medium", "high", "xhigh", "max"}
	noXHigh    = []string{"low", "medium", "high", "max"}
)

// behaviours is read by the longest matching line. The rows follow Anthropic's
// docs (build-with-claude/extended-thinking, adaptive-thinking, effort), those
// of the 5.5 generation in part third-party reports; where these are silent the
// row lets the provider judge. Retired models are kept as clouds host them
// longer. The last two rows are for what came after this table: a newer Claude,
// taken to be like the newest, and a model that is none of Anthropic's behind
// the same wire format, taken to accept what the format has always had.
var behaviours = [...]behaviour{
	{"claude-fable-5", adaptive, offNever, allEfforts, noSampling, false, true, 128_000},
	{"claude-mythos-5", adaptive, offNever, allEfforts, noSampling, false, true, 128_000},
	{"claude-fable-5-1", adaptive, offNever, allEfforts, noSampling, false, false, 128_000},
	{"claude-fable-5-2", adaptive, offNever, allEfforts, noSampling, false, false, 128_000},
	{"claude-mythos-5-1", adaptive, offNever, allEfforts, noSampling, false, false, 128_000},
	{"claude-mythos-5-2", adaptive, offNever, allEfforts, noSampling, false, false, 128_000},
	{"claude-opus-5-5", adaptive, offNever, allEfforts, noSampling, false, false, 128_000},
	{"claude-sonnet-5-5", adaptive, offBetween, allEfforts, noSampling, false, false, 128_000},
	{"claude-haiku-5-5", adaptive, offDisabled, allEfforts, noSampling, false, true, 128_000},
	{"claude-opus-5", adaptive, offDisabled, allEfforts, noSampling, false, true, 128_000},
	{"claude-sonnet-5", adaptive, offDisabled, allEfforts, noSampling, false, true, 128_000},
	{"claude-opus-4-8", adaptive, offUnlessAsked, allEfforts, noSampling, false, true, 128_000},
	{"claude-opus-4-7", adaptive, offUnlessAsked, allEfforts, noSampling, false, true, 128_000},
	{"claude-opus-4-6", adaptive, offUnlessAsked, noXHigh, oneSampling, false, true, 128_000},
	{"claude-sonnet-4-6", adaptive, offUnlessAsked, noXHigh, oneSampling, false, true, 128_000},
	{"claude-opus-4-5", budgeted, offUnlessAsked, nil, oneSampling, true, true, 64_000},
	{"claude-sonnet-4-5", budgeted, offUnlessAsked, nil, oneSampling, true, true, 64_000},
	{"claude-haiku-4-5", budgeted, offUnlessAsked, nil, oneSampling, true, true, 64_000},
	{"claude-opus-4", budgeted, offUnlessAsked, nil, oneSampling, true, true, 32_000},
	{"claude-sonnet-4", budgeted, offUnlessAsked, nil, oneSampling, true, true, 64_000},
	{"claude-3", unthinking, offUnlessAsked, nil, anySampling, true, true, 4_096},
	{"claude", adaptive, offNever, allEfforts, noSampling, false, true, 64_000},
	{"", budgeted, offUnlessAsked, nil, anySampling, true, true, 8_192},
}

// behaviourOf returns the row of the longest line that model is a version of.
func behaviourOf(model string) behaviour {
	name := baseName(model)
	best := behaviours[len(behaviours)-1]
	for _, b := range behaviours {
		if len(b.line) > len(best.line) && isVersionOf(name, b.line) {
			best = b
		}
	}
	return best
}
