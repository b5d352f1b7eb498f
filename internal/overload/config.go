package overload

import (
	"math/rand/v2"
	"time"
)

// Config is what the parts of this package are made of.
type Config struct {
	// Now is the clock; nil means time.Now. Steps back are survived.
	Now func() time.Time
	// Rand returns numbers in [0,1) and must be safe for concurrent use; nil
	// means math/rand.
	Rand func() float64
}

func (c Config) now() func() time.Time {
	if c.Now == nil {
		return time.Now
	}
	return c.Now
}

func (c Config) rand() func() float64 {
	if c.Rand == nil {
		return rand.Float64
	}
	return c.Rand
}
