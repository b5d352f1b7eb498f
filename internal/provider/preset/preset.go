// Package preset knows the providers and servers that speak OpenAI's dialect
// and need nothing but data to be spoken to: where they are, which headers tell
// of their limits, what they mean by a refusal, which fields they refuse. All of
// that is in tables, each entry with the pages it is from and the month in which
// they were read; the code that acts on it is package openai.
package preset

import (
	"maps"
	"slices"

	"github.com/fallow-dev/fallow/internal/provider/openai"
)

// Preset is what there is to know of one provider.
type Preset struct {
	// Source names the pages, Read the month in which they were read, as in
	// "2026-11".
	Source, Read string
	// Server is what the dialect needs.
	Server openai.Config
	// Prepaid: a limit counts prompt and output together, so that the output
	// asked for is taken up when a request is admitted.
	Prepaid bool
	// CachedFree: what is read from the provider's prompt cache does not count
	// against its limits.
	CachedFree bool
}

// Dialect is the dialect of the preset.
func (p Preset) Dialect() *openai.Dialect { return openai.New(p.Server) }

// Find returns the preset of a name as config documents use it.
func Find(name string) (Preset, bool) {
	for _, table := range tables() {
		if p, ok := table[name]; ok {
			p.Server.Compatible = true
			return p, true
		}
	}
	return Preset{}, false
}

// Names lists the presets, sorted.
func Names() []string {
	var names []string
	for _, table := range tables() {
		names = slices.AppendSeq(names, maps.Keys(table))
	}
	slices.Sort(names)
	return names
}

func tables() []map[string]Preset { return []map[string]Preset{hosted, markets, local} }
