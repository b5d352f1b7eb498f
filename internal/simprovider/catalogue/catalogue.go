// Package catalogue holds the models that the simulated provider serves and
// what each of them refuses. The rules are Anthropic's as documented (platform
// docs, thinking and migration pages, November 2026); they are what makes the
// simulation a judge of translations and not just an echo.
package catalogue

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Model is one model and its rules.
type Model struct {
	// ID is the name on the wire; Name is for people.
	ID, Name string
	// Family names the quota that the model draws on.
	Family string
	// Owner is "anthropic" or "openai".
	Owner   string
	Created time.Time
	// MaxInput is the context window and MaxOutput the largest answer, in tokens.
	MaxInput, MaxOutput int
	// MinCache is the shortest prompt prefix that is cached, in tokens.
	MinCache int

	Rules
}

// Rules are what a model accepts. The zero Rules is the strictest model.
type Rules struct {
	// Sampling: temperature, top_p and top_k may differ from their defaults;
	// Pair: the first two both at once.
	Sampling, Pair bool
	// Prefill: the last message may be the assistant's.
	Prefill bool
	// Forced: tool_choice may be any or tool.
	Forced bool
	// SystemTurns: messages may have the role system.
	SystemTurns bool
	// Thinking are the accepted values of thinking.type.
	Thinking []string
	// Thinks: the model thinks when it is not told whether to.
	Thinks bool
	// Hides: thinking comes without its text unless asked for.
	Hides bool
	// Effort are the accepted values of output_config.effort.
	Effort []string
}

// Allows reports whether value is among the accepted ones.
func Allows(accepted []string, value string) bool { return slices.Contains(accepted, value) }

// Catalogue is a set of models. It is immutable and safe for concurrent use.
type Catalogue struct {
	models   []Model
	byID     map[string]Model
	patterns []string
}

// New makes the catalogue of all known models. Names that match one of the
// patterns (as in path.Match) are served as well, with the most lenient rules.
func New(patterns []string) *Catalogue {
	c := &Catalogue{models: known, byID: make(map[string]Model, len(known)), patterns: patterns}
	for _, m := range known {
		c.byID[m.ID] = m
	}
	return c
}

// Models lists the known models, newest first for each owner.
func (c *Catalogue) Models() []Model { return c.models }

// Find returns the model of that name; ok is false when it is not served.
func (c *Catalogue) Find(id string) (m Model, ok bool) {
	if m, ok = c.byID[id]; ok {
		return m, true
	}
	for _, pattern := range c.patterns {
		if hit, err := path.Match(pattern, id); err == nil && hit {
			return lenient(id), true
		}
	}
	return Model{}, false
}

func lenient(id string) Model {
	owner := "openai"
	if strings.HasPrefix(id, "claude") {
		owner = "anthropic"
	}
	return Model{ID: id, Name: id, Family: id, Owner: owner, Created: day(2025, 1, 1),
		MaxInput: 1_000_000, MaxOutput: 128_000, MinCache: 1024, Rules: Rules{
			Sampling: true, Pair: true, Prefill: true, Forced: true, SystemTurns: true,
			Thinking: []string{"adaptive", "enabled", "disabled", "between_tools"},
			Effort:   toMax,
		}}
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
