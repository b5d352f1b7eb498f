package storm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goals of all kinds, each with room for what TestVerdicts measures or without.
const goals = `goals:
  client_429_percent: 10
  abandoned_percent: 4.9
  failed_percent: 15
  upstream_429s_per_1000: 299
  wasted_per_minute: 2
  makespan_of_ideal: 1.5
  interactive_wait_p99: 50ms
faults:
  - {for: 90s, effect: stuck, key: 1}
  - {effect: overloaded}
`

func TestVerdicts(t *testing.T) {
	t.Parallel()
	r := &Report{Name: judged, Summary: Summary{
		Ended: 20, Saw429: 2, Upstream429s: 6, Wasted: 3, Makespan: 75, InteractiveWait: Quantiles{P99: 0.051},
		Outcomes: map[Outcome]int{Answered: 16, Abandoned: 1, Failed: 1, Overloaded: 2},
	}}
	got := verdicts(load(t, plain+goals), r, &Report{Summary: Summary{Makespan: 50}})
	for i := range got {
		got[i].Goal = strings.Fields(got[i].Goal)[0]
	}
	want := []Verdict{
		{"%", 10, 10, true}, {"%", 4.9, 5, false}, {"%", 15, 15, true}, {"429s", 299, 300, false}, {"calls", 2, 2, true},
		{"makespan,", 1.5, 1.5, true}, {"p99", 0.05, 0.051, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if n := (&Result{Verdicts: got}).Missed(); n != 3 {
		t.Errorf("%d were missed, want 3", n)
	}
}

// TestUnjudged: no verdict on what the goals are not for.
func TestUnjudged(t *testing.T) {
	t.Parallel()
	own := []Report{{Name: "one-key"}, {Name: judged}}
	tests := []struct {
		name, goals string
		r           Result
		says        string
	}{
		{"as it should be", "goals: {abandoned_percent: 0}\n", Result{Compress: 1, Contestants: own}, ""},
		{"no goals", "", Result{Compress: 1, Contestants: own}, "no goals"},
		{"ended early", "goals: {abandoned_percent: 0}\n", Result{Compress: 1, Contestants: own, Interrupted: true}, "ended early"},
		{"too fast", "goals: {abandoned_percent: 0}\n", Result{Compress: 1.5, Contestants: own}, "x1.5, and the goals are for x1 at most"},
		{"as fast as it may be", "goals: {compress: 4, abandoned_percent: 0}\n", Result{Compress: 4, Contestants: own}, ""},
		{"without Fallow", "goals: {abandoned_percent: 0}\n", Result{Compress: 1, Contestants: own[:1]}, "no part"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.r.Scenario, tt.r.Ideal = load(t, plain+tt.goals), &Report{}
			why := tt.r.Unjudged()
			if why == "" != (tt.says == "") || !strings.Contains(why, tt.says) {
				t.Errorf("unjudged: %q, want %q", why, tt.says)
			}
			if tt.r.judge(); (len(tt.r.Verdicts) == 1) != (tt.says == "") {
				t.Errorf("verdicts %+v", tt.r.Verdicts)
			}
		})
	}
}
