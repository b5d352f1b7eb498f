package simulation

import (
	"context"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// retries is how many calls the baselines make for a request: one and three
// more.
const retries = 4

// rotating takes a random key and the next one when it is refused. It
// remembers nothing, so that a limited key is asked again by every request.
type rotating struct {
	keys   int
	random func() float64
}

func newRotating(f fleet) func(instance) server {
	return func(in instance) server { return &rotating{len(f.Keys), in.random} }
}

func (r *rotating) serve(_ context.Context, c *Call) error {
	tried := map[int]bool{}
	failure := ErrLimited
	for range retries {
		key, ok := r.pick(tried)
		if !ok {
			return failure
		}
		tried[key] = true
		if failure = attempt(c, key); failure == nil {
			return nil
		}
	}
	return failure
}

// pick takes one of the keys that were not tried. Weights are equal.
func (r *rotating) pick(tried map[int]bool) (key int, ok bool) {
	return pickOf(r.keys, r.random, func(k int) bool { return !tried[k] })
}

// pickOf takes one of the keys that are fit at random.
func pickOf(keys int, random func() float64, fit func(int) bool) (key int, ok bool) {
	n := 0
	for k := range keys {
		if !fit(k) {
			continue
		}
		if n++; random()*float64(n) < 1 {
			key, ok = k, true
		}
	}
	return key, ok
}

// attempt makes one call to its end.
func attempt(c *Call, key int) error {
	return finish(c, c.Send(key))
}

func finish(c *Call, a Answer) error {
	switch {
	case a.Fault == nil:
		c.Stream()
		return nil
	case a.Fault.Class == upstream.RateLimit:
		return ErrLimited
	default:
		return ErrOverloaded
	}
}
