package simulation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var described = Shape{
	InputMean: meanInput, InputSigma: 0.8, InputMost: 100_000, OutputMean: meanOutput,
	LatencyP50: 11 * time.Second, LatencyP95: 28 * time.Second, LatencyMost: 180 * time.Second,
}

// TestTheStormCanBeDescribed: by its figures it is the same, request by request.
func TestTheStormCanBeDescribed(t *testing.T) {
	t.Parallel()
	rhythm := Rhythm{Every: spikeEvery, First: spikeOffset, Lasting: spikeLength, InFlight: inFlight, Idle: idleFlight, Spread: heightSpread}
	tests := []struct {
		name      string
		got, want Traffic
	}{
		{"storm", Storm(described, rhythm, Threads{}), storm(ordinary)},
		{"reviews", Storm(described, rhythm, Threads{Calls: 8, Share: 0.75, Within: time.Minute}), reviews(ordinary)},
		{"steady", Steady(described, 2), steady(ordinary, 2)},
		{"batch beside a burst", Both(Steady(described, 1), Batch(Burst(described, 9, time.Minute, time.Second))),
			both(steady(ordinary, 1), batch(burst(ordinary, 9, time.Minute, time.Second)))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, want := tt.got(7, 20*time.Minute), tt.want(7, 20*time.Minute)
			if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
				t.Errorf("%d requests; they differ (-want +got):\n%.600s", len(got), diff)
			}
		})
	}
}
