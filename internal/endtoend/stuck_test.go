//go:build e2e

package endtoend

import (
	"strings"
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
	if wasted := r.judge(t, "one process", results); wasted > 2 {
		t.Errorf("calls wasted on the stuck key = %d, want at most 2", wasted)
	}
}

func TestStuckKeyFortyEnvironments(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, always(answer))
	bed := r.lambdas(t, perWave)
	<-time.After(waveEvery / 4) // not beside the first wave of the other run
	// Forty cold starts at once on a small machine are a measurement of that
	// machine; the wave before the trouble takes them out of the figures.
	mustSucceed(t, wave(bed.URL(), -perWave, perWave))
	// The other run's waves take the small machine's processors; keep between.
	<-time.After(waveEvery / 2)
	results := r.stuckKey(t, bed.URL())
	if wasted := r.judge(t, "40 Lambda environments", results); wasted > perWave {
		t.Errorf("calls wasted on the stuck key = %d, want at most one for each environment", wasted)
	}
	t.Logf("cold starts: %d", bed.Stats().ColdStarts)
}

// stuckKey runs the waves. The key gets stuck as the first one begins; calls
// may be wasted on it by those that were sending already when its cooldown was
// written, and so in the first wave only; and later by an instance that the
// table did not answer in time, which goes on with what it knows.
func (r *rig) stuckKey(t *testing.T, url string) []result {
	t.Helper()
	r.sim.Inject(simprovider.Fault{Effect: fault.Stuck, Key: providerKey(2), For: stuckFor, RetryAfter: 60 * time.Second})
	var results []result
	ticks := time.NewTicker(waveEvery)
	defer ticks.Stop()
	var first int64
	blind := 0
	for n := range waves {
		if n > 0 {
			<-ticks.C
		}
		results = append(results, wave(url, n*perWave, perWave)...)
		if n == 0 {
			first, blind = r.wasted(), r.blind()
		}
	}
	if later, blind := r.wasted()-first, r.blind()-blind; later > int64(blind) {
		t.Errorf("%d calls were wasted after the first wave, when the cooldown was known; the table was too slow for %d", later, blind)
	}
	return results
}

func (r *rig) wasted() int64 { return r.sim.Stats().Keys[providerKey(2)].Wasted }

// blind is how often the table did not answer an instance in time.
func (r *rig) blind() int { return strings.Count(r.logs.String(), "store unavailable") }

// judge holds the run against the goals, prints its figures and returns how
// many calls were wasted. The added latency is printed and not judged: it is
// the machine's as much as ours.
func (r *rig) judge(t *testing.T, what string, results []result) int64 {
	t.Helper()
	mustSucceed(t, results)
	p50, p95, worst := addedLatency(results, answer, 0.5), addedLatency(results, answer, 0.95), addedLatency(results, answer, 1)
	t.Logf("%s: %d requests, %d calls wasted on the stuck key, the table too slow %d times, added latency p50 %v p95 %v max %v",
		what, len(results), r.wasted(), r.blind(), p50.Round(time.Millisecond), p95.Round(time.Millisecond), worst.Round(time.Millisecond))
	used := 0
	for _, result := range results[len(results)-3*perWave:] {
		if result.key == "key-2" {
			used++
		}
	}
	if used == 0 {
		t.Error("the key that had been stuck was not used again in the last minute")
	}
	return r.wasted()
}
