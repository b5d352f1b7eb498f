package overhead

import (
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/golden"
)

// made is a result of made-up rounds.
func made() *Result {
	round := func(rate, cpu, memory, p50, added float64) Sample {
		return Sample{
			Items: 100, PerSecond: rate, Processor: cpu, Memory: memory, P50: p50, P99: 2 * p50, FirstP50: p50 / 3, FirstP99: p50 / 2,
			AddedP50: added, AddedP99: 3 * added, AddedFirstP50: added / 2, AddedFirstP99: added, Paired: added + 1,
		}
	}
	paced := Cell{Workload: smallPaced, Rate: 10}
	report := func(name string, x float64) Report {
		return Report{Name: name, Version: "v" + name, Starts: []float64{30 * x, 20 * x, 40 * x}, Idle: 20 * x, Samples: map[string][]Sample{
			latencyCell.Name():    {round(0, 0, 0, 300*x, 100*x), round(0, 0, 0, 320*x, 120*x), round(0, 0, 0, 310*x, 500*x)},
			paced.Name():          {round(0, 0, 0, 900*x, 100*x)},
			throughputCell.Name(): {round(9000/x, 90*x, 30, 1000, 0)},
			streamsCell.Name():    {round(3200, 20*x, 40*x, 0, 0)},
		}}
	}
	r := &Result{
		Began: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Command: "bench overhead", Machine: Machine{2, "linux/amd64", "go1.26"},
		LoadBefore: "0.10 0.20 0.30", LoadAfter: "1.00 1.00 1.00", Rounds: 3,
		Cells:   []Cell{latencyCell, paced, throughputCell, streamsCell},
		Reports: []Report{report(Reference, 0.5), report(BareProxy, 1), report(Own, 1.4), {Name: "litellm", Problem: "it ended at once", Samples: map[string][]Sample{}}},
	}
	r.Reports[2].Samples[throughputCell.Name()][0].Failed = 2
	return r
}

func TestText(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := made().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n" + HistoryHead() + "\n" + made().History("v1") + "\n")
	golden.Check(t, "testdata/report.md", []byte(b.String()))
}

// TestNobodyToCompare: a run without Fallow or without the bare proxy has no
// goals, and no ratios.
func TestNobodyToCompare(t *testing.T) {
	t.Parallel()
	r := made()
	r.Reports = r.Reports[:2]
	if goals := r.Goals(); goals != nil {
		t.Errorf("goals of a run without Fallow: %v", goals)
	}
	r = made()
	r.Reports = r.Reports[2:]
	if line := r.History("v1"); !strings.Contains(line, "| - | - | - |") {
		t.Errorf("history without the bare proxy: %s", line)
	}
	delete(r.Reports[0].Samples, latencyCell.Name())
	if got := added(r, Own); got != unknown {
		t.Errorf("added latency that was not measured = %q", got)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		goal Goal
		want string
	}{
		{"below a bound", Goal{Value: 9, Known: true, Bound: 10}, "met"},
		{"at it", Goal{Value: 10, Known: true, Bound: 10}, "**missed**"},
		{"at a least", Goal{Value: 10, Known: true, Bound: 10, AtLeast: true}, "met"},
		{"below a least", Goal{Value: 9, Known: true, Bound: 10, AtLeast: true}, "**missed**"},
		{"not known", Goal{Bound: 10}, "not measured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.goal.verdict(); got != tt.want {
				t.Errorf("verdict = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestWhoDoesNotKeepUp is not asked for more than it carries.
func TestWhoDoesNotKeepUp(t *testing.T) {
	t.Parallel()
	r := Report{Samples: map[string][]Sample{throughputCell.Name(): {{PerSecond: 500}}}}
	for _, tt := range []struct {
		name string
		cell Cell
		want bool
	}{
		{"far below", Cell{Workload: small, Rate: 50}, true},
		{"at its limit", Cell{Workload: small, Rate: 500}, false},
		{"unknown", Cell{Workload: large, Rate: 500}, true},
		{"closed", Cell{Workload: small, Connections: 16}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := r.keepsUp(tt.cell); got != tt.want {
				t.Errorf("keepsUp = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{0: "0", 0.123: "0.12", 1.234: "1.23", 12.34: "12.3", 123.4: "123", -1500: "-1500"} {
		if got := figure(f); got != want {
			t.Errorf("figure(%g) = %q, want %q", f, got, want)
		}
	}
}
