package simulation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/golden"
)

// made is a report of made-up results, one of two runs.
func made() *Report {
	var r Report
	good := Result{
		Requests: 1000, Wait: Quantiles{0.0045, 0.008, 0.02}, Prompt: Quantiles{0.0045, 0.008, 0.02},
		Writes: 1.4, Reads: 0.1, Failed: 0.02, Uncached: 0.5, Makespan: 80 * time.Second,
		Stuck: Stuck{Quarantine: 300 * time.Millisecond, Calls: 1.8, Back: 18 * time.Second},
	}
	bad := Result{
		Requests: 1000, Limited: 22.3, Overloaded: 1, Upstream: 1082, Wait: Quantiles{0, 0.1, 31}, Prompt: Quantiles{0, 0.1, 31},
		Writes: 6, Reads: 7, Uncached: 1, Makespan: 100 * time.Second,
		Stuck: Stuck{Quarantine: 40 * time.Second, Calls: 4, Back: -1},
	}
	for _, s := range Scenarios() {
		if s.Name == "hidden" {
			continue // was not run
		}
		r.Add(s.Name, "rotate", bad)
		r.Add(s.Name, "fallow", good)
	}
	r.Add("skew", "fallow", bad)
	r.Add("stuck", "fallow", bad)
	r.Add("overload", "fallow", bad)
	r.Add("thousand", "oracle", Result{Makespan: 74 * time.Second})
	return &r
}

func TestReport(t *testing.T) {
	t.Parallel()
	golden.Check(t, "testdata/report.md", []byte(made().String()))
}

func TestMeanTakesEveryFigure(t *testing.T) {
	t.Parallel()
	a := Result{
		Requests: 10, Limited: 1, Overloaded: 2, Upstream: 3, Wait: Quantiles{4, 5, 6}, Prompt: Quantiles{7, 8, 9},
		Makespan: 10, Reads: 11, Writes: 12, Failed: 13, Throttled: 14, Uncached: 15, Stuck: Stuck{16, 17, 18},
	}
	if diff := cmp.Diff(a, mean([]Result{a, a})); diff != "" {
		t.Errorf("the mean of a run with itself differs (-want +got):\n%s", diff)
	}
	half := mean([]Result{a, {}})
	if half.Requests != 5 || half.Upstream != 1.5 || half.Makespan != 5 || half.Stuck.Calls != 8.5 {
		t.Errorf("got %+v, want half of everything", half)
	}
}

func TestStuckFigures(t *testing.T) {
	t.Parallel()
	s := Scenario{Stuck: Window{10 * time.Second, 130 * time.Second}}
	tests := []struct {
		name  string
		calls []time.Duration // seconds
		back  time.Duration
		want  Stuck
	}{
		{"never asked", nil, 0, Stuck{}},
		{"left alone at once", []time.Duration{12, 30, 60}, 140, Stuck{0, 1.5, 10 * time.Second}},
		{"left alone after a while", []time.Duration{12, 14, 18, 30}, 131, Stuck{6 * time.Second, 2, time.Second}},
		{"never used again", []time.Duration{12}, 0, Stuck{0, 0.5, -1}},
	}
	for _, tt := range tests {
		p := &provider{firstBack: tt.back * time.Second}
		for _, at := range tt.calls {
			p.stuckCalls = append(p.stuckCalls, at*time.Second)
		}
		if got := stuck(s, p); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{0: "0", 0.0061: "0.006", 0.994: "0.994", 0.996: "1.00", 9.94: "9.94", 9.96: "10.0", 99.4: "99.4", 1082: "1082"} {
		if got := brief(x); got != want {
			t.Errorf("brief(%v) is %q, want %q", x, got, want)
		}
	}
}
