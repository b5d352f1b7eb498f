package config

import "strings"

// Route returns the route for the model a client names: the one of exactly
// that name; else, of those that end in "*", the one with the longest beginning
// that the model has too, so that "*" alone comes last. It reports false when
// there is none.
//
// Prefixes are the only patterns. They are what model families need
// ("claude-*"), and unlike with globs it needs no rule of precedence that has
// to be learned.
func (c *Config) Route(model string) (Route, bool) {
	if r, ok := c.Models[model]; ok {
		return r, true
	}
	var found Route
	longest := -1
	for name, r := range c.Models {
		prefix, isPattern := strings.CutSuffix(name, "*")
		if isPattern && len(prefix) > longest && strings.HasPrefix(model, prefix) {
			found, longest = r, len(prefix)
		}
	}
	return found, longest >= 0
}
