package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/simprovider"
)

// setup is the config that serve runs with and where it came from.
type setup struct {
	doc       *config.Config
	environ   []string // where its env: secrets stand
	simulated bool
	close     func()
}

// demoLatency is quick enough for a newcomer and slow enough to see a stream.
var demoLatency = simprovider.Latency{
	FirstToken: simprovider.Spread{P50: 300 * time.Millisecond, P95: 600 * time.Millisecond},
	Total:      simprovider.Spread{P50: 1500 * time.Millisecond, P95: 3 * time.Second},
}

// simulated starts a provider of our own, so that Fallow can be tried without
// a key. Its four keys belong to two organisations, as pooled keys often do.
func simulated(t *terminal) (*setup, error) {
	environ := config.SimulatedEnviron()
	orgs := simprovider.Organisations(2, 0, simprovider.Roomy)
	for i, line := range environ {
		_, key, _ := strings.Cut(line, "=")
		org := &orgs[i*len(orgs)/len(environ)]
		org.Keys = append(org.Keys, key)
	}
	// It must outlast the signal that ends us, until the last answer is out.
	sim, err := simprovider.Start(context.WithoutCancel(t.ctx), simprovider.Config{Organisations: orgs, Latency: demoLatency}, "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulated provider: %w", err)
	}
	return &setup{
		doc: config.Simulated(sim.URL()), environ: environ, simulated: true,
		close: func() { _ = sim.Close() },
	}, nil
}

// greet tells the person at the terminal what runs and how to try it. doc is the
// document in force, which need not be the one that the process was started with.
func (s *setup) greet(w io.Writer, url string, doc *config.Config, from revision.Revision) {
	fmt.Fprintf(w, "Fallow serves %s/v1\n", url)
	if s.doc.Admin.Config.Source == config.SourceTable {
		fmt.Fprintf(w, "  config: %s\n", from)
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Pools)) {
		p := doc.Pools[name]
		fmt.Fprintf(w, "  pool %s: %s of %s\n", name, count(len(p.Keys), "key"), p.Provider)
	}
	if s.simulated {
		fmt.Fprint(w, "\nNo provider key was found in the environment, so a SIMULATED provider answers.\nSet ANTHROPIC_API_KEY (or ANTHROPIC_KEY_1, _2, ...) or OPENAI_API_KEY to use a real one.\n")
	}
	auth, how := "", "Try it"
	if doc.Clients.Auth != "none" {
		how = "Try it, with one of clients.tokens in FALLOW_KEY"
		auth = " \\\n  -H 'authorization: Bearer '\"$FALLOW_KEY\""
	}
	fmt.Fprintf(w, "\n%s:\n\n  curl %s/v1/chat/completions%s \\\n  -H 'content-type: application/json' \\\n  -d '{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello\"}]}'\n\n",
		how, url, auth, exampleModel(doc))
}

// exampleModel picks a model that the config serves for certain.
func exampleModel(doc *config.Config) string {
	for _, name := range slices.Sorted(maps.Keys(doc.Models)) {
		if !strings.HasSuffix(name, "*") {
			return name
		}
	}
	for _, p := range doc.Pools {
		if p.Provider == "anthropic" {
			return "claude-sonnet-5"
		}
	}
	return "gpt-5"
}
