//go:build e2e

package endtoend

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// The stuck key: four keys, one answers 429 with retry-after 60 for a minute;
// 40 requests at once every 20 s, three minutes long, 2 s an answer.
const (
	waves     = 9
	perWave   = 40
	waveEvery = 20 * time.Second
	stuckFor  = time.Minute
	answer    = 2 * time.Second
)

// always takes exactly that long.
func always(d time.Duration) simprovider.Latency {
	return simprovider.Latency{Total: simprovider.Spread{P50: d}}
}

func TestStuckKeyOneProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, always(answer))
	url := r.serve(t)
	results := r.stuckKey(t, url)
	r.judge(t, "one process", results, 2)
}

func TestStuckKeyFortyEnvironments(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, always(answer))
	bed := r.lambdas(t, perWave)
	// Forty cold starts at once on a small machine are a measurement of that
	// machine; the wave before the trouble takes them out of the figures.
	mustSucceed(t, wave(bed.URL(), -perWave, perWave))
	results := r.stuckKey(t, bed.URL())
	r.judge(t, "40 Lambda environments", results, perWave/4)
	t.Logf("cold starts: %d", bed.Stats().ColdStarts)
}

// stuckKey runs the waves. The key gets stuck as the first one begins.
func (r *rig) stuckKey(t *testing.T, url string) []result {
	t.Helper()
	r.sim.Inject(simprovider.Fault{Effect: fault.Stuck, Key: providerKey(2), For: stuckFor, RetryAfter: 60 * time.Second})
	var results []result
	ticks := time.NewTicker(waveEvery)
	defer ticks.Stop()
	for n := range waves {
		if n > 0 {
			<-ticks.C
		}
		results = append(results, wave(url, n*perWave, perWave)...)
	}
	return results
}

// judge holds the run against the goals and prints its figures.
func (r *rig) judge(t *testing.T, what string, results []result, mostWasted int64) {
	t.Helper()
	mustSucceed(t, results)
	wasted := r.sim.Stats().Keys[providerKey(2)].Wasted
	p50, p95, worst := addedLatency(results, answer, 0.5), addedLatency(results, answer, 0.95), addedLatency(results, answer, 1)
	t.Logf("%s: %d requests, %d calls wasted on the stuck key, added latency p50 %v p95 %v max %v",
		what, len(results), wasted, p50.Round(time.Millisecond), p95.Round(time.Millisecond), worst.Round(time.Millisecond))
	if wasted > mostWasted {
		t.Errorf("calls wasted on the stuck key = %d, want at most %d", wasted, mostWasted)
	}
	if p95 >= 50*time.Millisecond {
		t.Errorf("added latency p95 = %v, want below 50 ms", p95)
	}
	used := 0
	for _, result := range results[len(results)-3*perWave:] {
		if result.key == "key-2" {
			used++
		}
	}
	if used == 0 {
		t.Error("the key that had been stuck was not used again in the last minute")
	}
}
