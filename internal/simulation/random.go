package simulation

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync"
)

// source is a stream of random numbers of its own for each purpose, so that a
// change in one place leaves the draws of the others as they were.
func source(seed int64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(uint64(seed), h.Sum64()))
}

// shared makes a source usable from several goroutines.
func shared(r *rand.Rand) func() float64 {
	var mu sync.Mutex
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Float64()
	}
}

// lognormal is a log-normal distribution; what would be more than most is most.
type lognormal struct{ median, sigma, most float64 }

func (l lognormal) draw(r *rand.Rand) float64 { return l.at(r.NormFloat64()) }

// at is the value so many standard deviations from the median.
func (l lognormal) at(z float64) float64 { return min(l.most, l.median*math.Exp(l.sigma*z)) }

// mean is that of the distribution as it is cut off, by its quantiles.
func (l lognormal) mean() float64 {
	const n = 8192
	sum := 0.0
	for i := range n {
		sum += l.at(math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/n-1))
	}
	return sum / n
}

// withMean is the lognormal of that mean.
func withMean(mean, sigma, most float64) lognormal {
	l := lognormal{median: mean, sigma: sigma, most: most}
	for range 50 { // what is cut off depends on the median, so approach it
		l.median *= mean / l.mean()
	}
	return l
}
