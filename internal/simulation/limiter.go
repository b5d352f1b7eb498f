package simulation

import (
	"context"
	"time"
)

// Limiter is a way to choose keys and to wait.
type Limiter struct {
	Name string
	// About says what it does, for people.
	About string
	// fleet makes what the instances of one run have in common, and returns
	// the maker of an instance.
	fleet func(fleet) func(instance) server
}

// fleet is what the instances of one run share.
type fleet struct {
	Scenario
	table    *table
	provider *provider // for the oracle alone
}

// instance is what is different in each.
type instance struct {
	number int
	// now is its clock, which may be off; random is safe for concurrent use.
	now    func() time.Time
	random func() float64
}

// server is one instance. It serves one request at a time.
type server interface {
	// serve brings a request to the end of its answer. Else the error is
	// ErrLimited or ErrOverloaded.
	serve(ctx context.Context, c *Call) error
}

// Limiters are all there are, in the order of the tables.
func Limiters() []Limiter {
	return []Limiter{
		{"rotate", "weighted random, next key on 429 (Bifrost-like)", newRotating},
		{"local", "cooldown in each instance (LiteLLM without Redis)", newLocal},
		{"shared", "shared cooldown, waits", newSharing},
		{"fallow", "package pool", newFallow},
		{"oracle", "central FIFO that sees the buckets", newOracle(false)},
		{"queue", "the oracle, which refuses who would wait too long", newOracle(true)},
	}
}
