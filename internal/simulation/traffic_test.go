package simulation

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*want {
		t.Errorf("%s: got %.4g, want %.4g within %.0f %%", what, got, want, 100*tolerance)
	}
}

func TestTrafficRepeatsBySeed(t *testing.T) {
	t.Parallel()
	for _, s := range Scenarios() {
		a, b, c := s.Traffic(3, s.Length), s.Traffic(3, s.Length), s.Traffic(4, s.Length)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: the same seed gives other traffic:\n%.300s", s.Name, diff)
		}
		if slices.Equal(a, c) {
			t.Errorf("%s: two seeds give the same traffic", s.Name)
		}
	}
}

func TestRequestsAreInOrderAndSane(t *testing.T) {
	t.Parallel()
	for _, s := range Scenarios() {
		last := time.Duration(0)
		for i, q := range s.Traffic(1, s.Length) {
			if q.ID != i || q.At < last || q.Latency <= 0 || q.Input < 1 || q.Output < 1 || q.Estimate < 1 || q.Prefix+q.Cached > q.Input {
				t.Fatalf("%s: request %d after %s makes no sense: %+v", s.Name, i, last, q)
			}
			last = q.At
		}
	}
}

func TestStormIsAsDescribed(t *testing.T) {
	t.Parallel()
	var inside, all, input, output, flight float64
	var latencies []time.Duration
	const runs, length = 10, 2 * time.Hour
	for seed := range int64(runs) {
		for _, q := range storm(ordinary)(seed, length) {
			all++
			input, output = input+float64(q.Input), output+float64(q.Output)
			latencies = append(latencies, q.Latency)
			if inSpike(q.At) {
				inside++
				flight += q.Latency.Seconds()
			}
		}
	}
	slices.Sort(latencies)
	near(t, "requests", all/runs, 9000, 0.03)
	near(t, "in flight during a spike", flight/(runs*12*spikeLength.Seconds()), inFlight, 0.04)
	near(t, "share of requests in spikes", inside/all, 0.89, 0.02)
	near(t, "input", input/all, meanInput, 0.02)
	near(t, "output", output/all, meanOutput, 0.02)
	near(t, "median latency", latencies[len(latencies)/2].Seconds(), 11, 0.02)
	near(t, "95th percentile of latency", latencies[len(latencies)*95/100].Seconds(), 28, 0.03)
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		scenario string
		bias     float64
	}{{"tight", 1}, {"low-estimates", 0.8}}
	for _, tt := range tests {
		var input, estimate float64
		for _, q := range scenario(t, tt.scenario).Traffic(1, 2*time.Hour) {
			input, estimate = input+float64(q.Input), estimate+float64(q.Estimate)
		}
		near(t, tt.scenario+": estimate by input", estimate/input, tt.bias, 0.02)
	}
}

func TestHeavyTailsReachTheirEnd(t *testing.T) {
	t.Parallel()
	most := int64(0)
	for _, q := range scenario(t, "heavy").Traffic(1, time.Hour) {
		most = max(most, q.Input)
	}
	near(t, "largest prompt", float64(most), 150_000, 0.01)
	near(t, "mean", heavyInputs.mean(), meanInput, 0.001)
}

func TestInputsAreThoseOfTheMean(t *testing.T) {
	t.Parallel()
	near(t, "median of the ordinary", inputs.median, withMean(meanInput, 0.8, 100_000).median, 1e-9)
	near(t, "median of the heavy", heavyInputs.median, withMean(meanInput, 1.7, 150_000).median, 1e-9)
}

func TestReviewsShareTheirPrompts(t *testing.T) {
	t.Parallel()
	type thread struct {
		calls, prefix int64
		first, last   time.Duration
	}
	threads := map[string]*thread{}
	var shared, input float64
	for _, q := range scenario(t, "prefix").Traffic(1, time.Hour) {
		r := threads[q.Conversation]
		if r == nil {
			r = &thread{prefix: q.Prefix, first: q.At}
			threads[q.Conversation] = r
		}
		r.calls, r.last = r.calls+1, q.At
		if q.Prefix != r.prefix {
			t.Fatalf("%s: prefixes of %d and %d tokens", q.Conversation, r.prefix, q.Prefix)
		}
		shared, input = shared+float64(q.Prefix), input+float64(q.Input)
	}
	for name, r := range threads {
		if r.calls != 8 || r.last-r.first > time.Minute {
			t.Errorf("%s: %d calls within %s, want 8 within a minute", name, r.calls, r.last-r.first)
		}
	}
	near(t, "share of the prompts", shared/input, 0.75, 0.03)
}

func TestTenantsAreABatchBesideOthers(t *testing.T) {
	t.Parallel()
	batch := 0
	for _, q := range scenario(t, "tenants").Traffic(1, 7*time.Minute) {
		if !q.Batch {
			continue
		}
		if batch++; q.At < 2*time.Minute || q.At > 2*time.Minute+time.Second {
			t.Fatalf("a request of the batch arrives at %s", q.At)
		}
	}
	if batch != 600 {
		t.Errorf("got a batch of %d, want 600", batch)
	}
}

func TestThousandNeedMoreThanTheBucketsHold(t *testing.T) {
	t.Parallel()
	s := scenario(t, "thousand")
	var need float64
	for _, q := range s.Traffic(1, s.Length) {
		need += float64(q.Input)
	}
	near(t, "tokens needed", need, 5.5e6, 0.1)
	near(t, "tokens held", float64(s.Organisations[0].InputTokens)*float64(len(s.Organisations)), 3.6e6, 0)
}

// One key and no pool is where the storm comes from: about 8.2 % of the
// requests without an answer, with or without a place to wait.
func TestSingleKeyIsCalibrated(t *testing.T) {
	t.Parallel()
	s := stormy("single", "one key", 2*time.Hour).each(1, singleKey)
	for _, name := range []string{"rotate", "shared"} {
		const runs = 6
		limited := 0.0
		for seed := range int64(runs) {
			limited += run(t, s, limiter(t, name), seed+1).Limited / runs
		}
		near(t, name+": client 429 %", limited, 8.2, 0.1)
	}
}
