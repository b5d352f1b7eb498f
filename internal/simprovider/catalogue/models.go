package catalogue

// Levels of effort, each with all below it.
var (
	toHigh  = []string{"low", "medium", "high"}
	toXHigh = []string{"low", "medium", "high", "xhigh"}
	toMax   = []string{"low", "medium", "high", "xhigh", "max"}
)

// The rules, by generation.
var (
	alwaysThinks = Rules{SystemTurns: true, Thinking: []string{"adaptive"}, Thinks: true, Hides: true, Effort: toMax, Forced: true}
	fable51      = Rules{SystemTurns: true, Thinking: []string{"adaptive"}, Thinks: true, Hides: true, Effort: toMax}
	sonnet55     = Rules{SystemTurns: true, Thinking: []string{"adaptive", "between_tools"}, Thinks: true, Hides: true, Effort: toMax}
	haiku55      = Rules{SystemTurns: true, Thinking: []string{"adaptive", "disabled"}, Thinks: true, Hides: true, Effort: toMax, Forced: true}
	opus5        = Rules{SystemTurns: true, Thinking: []string{"adaptive", "disabled"}, Thinks: true, Hides: true, Effort: toMax, Forced: true}
	sonnet5      = Rules{Thinking: []string{"adaptive", "disabled"}, Thinks: true, Hides: true, Effort: toMax, Forced: true}
	opus48       = Rules{SystemTurns: true, Thinking: []string{"adaptive", "disabled"}, Hides: true, Effort: toMax, Forced: true}
	opus47       = Rules{Thinking: []string{"adaptive", "disabled"}, Hides: true, Effort: toMax, Forced: true}
	four6        = Rules{Sampling: true, Thinking: []string{"adaptive", "enabled", "disabled"}, Effort: append(toHigh[:3:3], "max"), Forced: true}
	opus45       = Rules{Sampling: true, Prefill: true, Thinking: []string{"enabled", "disabled"}, Effort: toHigh, Forced: true}
	four5        = Rules{Sampling: true, Prefill: true, Thinking: []string{"enabled", "disabled"}, Forced: true}
	gpt          = Rules{Sampling: true, Prefill: true, Forced: true, SystemTurns: true, Effort: append([]string{"none", "minimal"}, toXHigh...)}
)

// known are the models that are served by default. Families follow the
// grouping of Anthropic's rate-limit page; OpenAI's models each own a quota.
var known = []Model{
	big("claude-fable-5-2", "Claude Fable 5.2", "claude-fable-5.x", fable51),
	big("claude-haiku-5-5", "Claude Haiku 5.5", "claude-haiku-5-5", haiku55),
	big("claude-sonnet-5-5", "Claude Sonnet 5.5", "claude-sonnet-5-5", sonnet55),
	big("claude-fable-5-1", "Claude Fable 5.1", "claude-fable-5.x", fable51),
	big("claude-opus-5-5", "Claude Opus 5.5", "claude-opus-5-5", fable51),
	big("claude-sonnet-5", "Claude Sonnet 5", "claude-sonnet-5", sonnet5),
	big("claude-fable-5", "Claude Fable 5", "claude-fable-5.x", alwaysThinks),
	big("claude-opus-5", "Claude Opus 5", "claude-opus-5", opus5),
	big("claude-opus-4-8", "Claude Opus 4.8", "claude-opus-4.x", opus48),
	big("claude-opus-4-7", "Claude Opus 4.7", "claude-opus-4.x", opus47),
	big("claude-opus-4-6", "Claude Opus 4.6", "claude-opus-4.x", four6),
	big("claude-sonnet-4-6", "Claude Sonnet 4.6", "claude-sonnet-4.x", four6),
	small("claude-haiku-4-5", "Claude Haiku 4.5", "claude-haiku-4-5", four5),
	small("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "claude-haiku-4-5", four5),
	small("claude-opus-4-5", "Claude Opus 4.5", "claude-opus-4.x", opus45),
	small("claude-opus-4-5-20251101", "Claude Opus 4.5", "claude-opus-4.x", opus45),
	small("claude-sonnet-4-5", "Claude Sonnet 4.5", "claude-sonnet-4.x", four5),
	small("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "claude-sonnet-4.x", four5),
	openAI("gpt-5.1"), openAI("gpt-5"), openAI("gpt-5-mini"), openAI("gpt-5-nano"),
	openAI("gpt-4.1"), openAI("gpt-4.1-mini"), openAI("gpt-4o"), openAI("gpt-4o-mini"), openAI("o3"), openAI("o4-mini"),
}

// big is a model of the generation with a window of a million tokens.
func big(id, name, family string, r Rules) Model {
	minCache := 1024
	if r.SystemTurns && r.Thinks {
		minCache = 512 // the newest line caches shorter prefixes
	}
	return Model{ID: id, Name: name, Family: family, Owner: "anthropic", Created: day(2026, 3, 2),
		MaxInput: 1_000_000, MaxOutput: 128_000, MinCache: minCache, Rules: r}
}

// small is a model of the 4.5 generation.
func small(id, name, family string, r Rules) Model {
	return Model{ID: id, Name: name, Family: family, Owner: "anthropic", Created: day(2025, 10, 1),
		MaxInput: 200_000, MaxOutput: 64_000, MinCache: 1024, Rules: r}
}

func openAI(id string) Model {
	return Model{ID: id, Name: id, Family: id, Owner: "openai", Created: day(2025, 8, 7),
		MaxInput: 400_000, MaxOutput: 128_000, MinCache: 1024, Rules: gpt}
}
