package overload

import (
	"math/rand/v2"
	"time"
)

const (
	firstCeiling = 500 * time.Millisecond
	lastCeiling  = 8 * time.Second
)

// Backoff says how long to wait before a retry: a random time below a ceiling
// that doubles from 0.5 to 8 s. It starts from zero ("full jitter") because
// requests that failed together would otherwise come back together. The zero
// value is ready, and safe for concurrent use if Rand is.
type Backoff struct {
	// Rand returns numbers in [0,1); nil means math/rand.
	Rand func() float64
}

// Next returns the wait before the attempt-th retry, counted from 1. If the
// provider said to stay away for retryAfter, the wait is that and the jitter on
// top. It is false when no less than remaining would pass: how long the client,
// or whatever else bounds the request, may be kept waiting.
func (b Backoff) Next(attempt int, retryAfter, remaining time.Duration) (time.Duration, bool) {
	random := b.Rand
	if random == nil {
		random = rand.Float64
	}
	retryAfter = max(retryAfter, 0)
	jitter := time.Duration(random() * float64(ceiling(attempt)))
	if retryAfter >= remaining || jitter >= remaining-retryAfter {
		return 0, false
	}
	return retryAfter + jitter, true
}

func ceiling(attempt int) time.Duration {
	c := firstCeiling
	for i := 1; i < attempt && c < lastCeiling; i++ {
		c *= 2
	}
	return c
}
