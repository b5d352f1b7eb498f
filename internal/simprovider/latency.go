package simprovider

import (
	"math"
	"math/rand/v2"
	"time"
)

// z95 is how many standard deviations above the median 95 % lie below.
const z95 = 1.6449

func (s Spread) draw(r *rand.Rand) time.Duration {
	if s.P50 <= 0 {
		return 0
	}
	sigma := 0.0
	if s.P95 > s.P50 {
		sigma = math.Log(float64(s.P95)/float64(s.P50)) / z95
	}
	// Never beyond four deviations: one draw in 30,000 would otherwise make a
	// test's duration depend on its seed.
	n := max(-4, min(4, r.NormFloat64()))
	return time.Duration(float64(s.P50) * math.Exp(sigma*n))
}

// draw returns the times from the start of a request to its first token and
// to its end.
func (l Latency) draw(r *rand.Rand) (first, total time.Duration) {
	first, total = l.FirstToken.draw(r), l.Total.draw(r)
	return first, max(first, total)
}
