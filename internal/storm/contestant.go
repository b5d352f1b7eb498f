package storm

import (
	"context"
	"net/http"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// Contestant is one way to bring the requests to the provider.
type Contestant struct {
	// Name is short and unique in a run; About says what it is, for people.
	Name, About string
	// OneKey gives it a provider with a single key instead of the pool.
	OneKey bool
	// NoProvider says that it has a provider already, of which nothing can be
	// seen: the user's own gateway.
	NoProvider bool
	// Listen is where its provider listens; empty means any free loopback port.
	Listen string
	// Start begins to serve. It is called once for each run, and what it returns
	// is closed before the run ends. Required.
	Start func(ctx context.Context, w World) (Entry, error)
}

// World is what a contestant finds when it starts.
type World struct {
	Scenario *scenarios.Scenario
	// Seed decides what a contestant leaves to chance.
	Seed int64
	// Compress is how many times as fast as the clock the scenario's time runs.
	Compress float64
	// Provider is the URL of the simulated provider, without /v1; Keys are the
	// credentials that it accepts. Both are empty with NoProvider.
	Provider string
	Keys     []string
	// StoreAway reports whether the shared state is to be out of reach now.
	StoreAway func() bool
}

// Entry is where a contestant's clients call.
type Entry struct {
	// URL is its base URL, without /v1.
	URL string
	// Native says that it speaks the provider's own dialect and not OpenAI's.
	Native bool
	// Token is the clients' key; empty means none. Header is added to every
	// request.
	Token  string
	Header http.Header
	// State tells how Fallow's pool stands; nil for all others.
	State func(ctx context.Context) pool.State
	// Close ends it; nil means that there is nothing to end.
	Close func() error
}
