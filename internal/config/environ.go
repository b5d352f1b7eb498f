package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FromEnv makes a document of the provider keys in an environment (of the form
// of os.Environ), for running without one. For each of anthropic and openai
// with at least one key there is a pool of that name, with the key of
// ANTHROPIC_API_KEY as "anthropic" and that of ANTHROPIC_KEY_7 as
// "anthropic-7". It reports false when there is no key.
//
// With one pool all models lead to it. With both, models beginning with
// "claude-" lead to anthropic and all others to openai: a table of known names
// would be wrong with the next model.
//
// ANTHROPIC_BASE_URL and OPENAI_BASE_URL are ignored: whoever uses Fallow
// points them at Fallow.
func FromEnv(environ []string) (*Config, bool) {
	anthropic := keysFromEnv(environ, "ANTHROPIC", ProviderAnthropic)
	openai := keysFromEnv(environ, "OPENAI", ProviderOpenAI)
	c := newLocal()
	if len(anthropic) > 0 {
		c.addPool(ProviderAnthropic, ProviderAnthropic, "", anthropic)
		c.Models["*"] = routeTo(ProviderAnthropic)
	}
	if len(openai) > 0 {
		c.addPool(ProviderOpenAI, ProviderOpenAI, "", openai)
		if len(anthropic) > 0 {
			c.Models["claude-*"] = routeTo(ProviderAnthropic)
		}
		c.Models["*"] = routeTo(ProviderOpenAI)
	}
	return c, len(c.Pools) > 0
}

// numberOf recognises what follows the provider's name in its variables.
var numberOf = regexp.MustCompile(`^_(?:API_KEY|KEY_([1-9][0-9]{0,5}))$`)

type envKey struct {
	variable, value string
	number          int // 0 for API_KEY
}

// keysFromEnv finds the keys of one provider, numbered ones first. A key that
// stands under several names is taken once, under its number: people who
// number their keys keep one of them in the variable that other programs read.
func keysFromEnv(environ []string, prefix, name string) []Key {
	var keys []Key
	seen := map[string]bool{}
	for _, k := range findKeys(environ, prefix) {
		if !seen[k.value] && !seen[k.variable] {
			keys = append(keys, newKey(keyName(name, k.number), "env:"+k.variable))
		}
		seen[k.value], seen[k.variable] = true, true
	}
	return keys
}

func findKeys(environ []string, prefix string) []envKey {
	var found []envKey
	for _, line := range environ {
		variable, value, _ := strings.Cut(line, "=")
		rest, ok := strings.CutPrefix(variable, prefix)
		m := numberOf.FindStringSubmatch(rest)
		if ok && m != nil && value != "" {
			number, _ := strconv.Atoi(m[1]) // of no digits: 0
			found = append(found, envKey{variable, value, number})
		}
	}
	slices.SortStableFunc(found, func(a, b envKey) int {
		return cmp.Compare(uint(a.number)-1, uint(b.number)-1) // 0 comes last
	})
	return found
}

func keyName(provider string, number int) string {
	if number == 0 {
		return provider
	}
	return fmt.Sprintf("%s-%d", provider, number)
}
