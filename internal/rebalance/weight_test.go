package rebalance

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
)

func TestStep(t *testing.T) {
	t.Parallel()
	usual := Measures{Latency: 1000, Cost: 4000, Faults: 20}
	measured := func(latency, cost, faults int64) Sample {
		return Sample{Weight: 1000, OK: 100, Measures: Measures{latency, cost, faults, 100}}
	}
	tests := []struct {
		name   string
		sample Sample
		want   int64
		why    string
	}{
		{"never decided, nothing known", Sample{}, 1000, "nothing against it"},
		{"all answered", Sample{Weight: 1000, OK: 50}, 1000, "nothing against it"},
		{"a weight that makes no sense", Sample{Weight: 5000, OK: 50}, 1000, "nothing against it"},
		{"too few answers to judge", Sample{Weight: 1000, OK: 1, Refused: 3}, 1000, "nothing against it"},
		{"refused sometimes, goal within a stride", Sample{Weight: 1000, OK: 98, Refused: 2}, 960, "refused 2 of 100 calls"},
		{"refused mostly, moves a stride at most", Sample{Weight: 1000, OK: 10, Refused: 90}, 900, "on the way from 1.00 to 0.05"},
		{"never below the trickle", Sample{Weight: 60, Refused: 100}, 50, "refused 100 of 100 calls"},
		{"recovers by a stride", Sample{Weight: 300, OK: 100}, 400, "on the way from 0.30 to 1.00"},
		{"recovers fully, not beyond", Sample{Weight: 950, OK: 100}, 1000, "nothing against it"},
		{"as is usual", measured(1000, 4000, 20), 1000, "nothing against it"},
		{"slower than usual", measured(1210, 4000, 20), 909, "first content after 1210 ms, 1000 ms is usual"},
		{"much slower", measured(4000, 0, 0), 900, "on the way from 1.00 to 0.50"},
		{"quicker earns nothing by itself", measured(250, 4000, 20), 1000, "first content after 250 ms"},
		{"quicker makes up for dearer", measured(800, 5000, 20), 1000, "5000 micro-dollars per 1000 tokens, 4000 is usual"},
		{"dearer", measured(0, 4840, 0), 909, "4840 micro-dollars"},
		{"faults that all keys have", measured(0, 0, 20), 1000, "nothing against it"},
		{"faults beyond the usual", measured(0, 0, 70), 903, "7.0 % of its calls fail at the provider, 2.0 % is usual"},
		{"nothing but faults", measured(0, 0, 1000), 900, "100.0 % of its calls fail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Step(tt.sample, usual)
			if got.Weight != tt.want || !strings.Contains(got.Why, tt.why) {
				t.Errorf("Step(%+v) = %d, %q; want %d, why with %q", tt.sample, got.Weight, got.Why, tt.want, tt.why)
			}
		})
	}
}

func TestStepNeverMovesFasterThanAStride(t *testing.T) {
	t.Parallel()
	count := rapid.Int64Range(-10, 1e12)
	measures := rapid.Custom(func(t *rapid.T) Measures {
		return Measures{count.Draw(t, "latency"), count.Draw(t, "cost"), count.Draw(t, "faults"), count.Draw(t, "calls")}
	})
	rapid.Check(t, func(t *rapid.T) {
		s := Sample{
			Weight: rapid.Int64Range(least, full).Draw(t, "weight"),
			OK:     rapid.Int64Range(0, 1e6).Draw(t, "ok"), Refused: rapid.Int64Range(0, 1e6).Draw(t, "refused"),
			Measures: measures.Draw(t, "measures"),
		}
		d := Step(s, measures.Draw(t, "usual"))
		if d.Weight < s.Weight-stride || d.Weight > s.Weight+stride || d.Weight < least || d.Weight > full {
			t.Fatalf("Step(%+v) = %d: out of bounds", s, d.Weight)
		}
		if d.Weight != full && d.Why == "nothing against it" {
			t.Fatalf("Step(%+v) = %d without a reason", s, d.Weight)
		}
	})
}

// TestWeightsByWhatIsMeasured: counters become measures since the last run, and
// keys are compared with those of which the same is known.
func TestWeightsByWhatIsMeasured(t *testing.T) {
	t.Parallel()
	table := newTable()
	used := func(key string, latency, cost, faults int) {
		counted(t, table, key, records.AttrOK, 90, records.AttrFaults, faults, records.AttrLatencyMS, 90*latency, records.AttrLatencies, 90, records.AttrCost, 90*cost, records.AttrTokens, 90_000)
	}
	for range 2 { // the second minute has figures of its own
		used("quick", 1000, 5000, 0)
		used("usual", 2000, 5000, 0)
		used("slow", 8000, 5000, 0)
		used("dear", 2000, 7200, 0)
		used("faulty", 2000, 5000, 10)
		counted(t, table, "rare", records.AttrOK, 2, records.AttrLatencyMS, 900_000, records.AttrLatencies, 2)
		counted(t, table, "counts-nothing", records.AttrOK, 50)
	}
	keys := []string{"quick", "usual", "slow", "dear", "faulty", "rare", "counts-nothing", "unused"}
	if report := run(t, table, nine, keys...); report.Decided != 7 || report.Moved != 7 {
		t.Errorf("report %+v, want 7 keys decided", report)
	}
	for key, weight := range map[string]int{"quick": 1000, "usual": 1000, "slow": 900, "dear": 900, "faulty": 900, "rare": 1000, "counts-nothing": 1000} {
		want(t, table, "key#"+key, attrs{records.AttrWeight: weight})
	}
	want(t, table, "key#slow", attrs{records.AttrWeightWhy: "first content after 8000 ms, 2000 ms is usual; on the way from 1.00 to 0.50, at most 0.10 a minute"})
	if got := get(t, table, "key#unused"); len(got.Attrs) != 0 {
		t.Errorf("an unused key has a record: %v", got)
	}
	// A minute of silence: nothing is known, so nothing is held against anybody.
	run(t, table, after(time.Minute), keys...)
	want(t, table, "key#slow", attrs{records.AttrWeight: 1000, records.AttrSawLatency: 0, records.AttrWeightWhy: "nothing against it"})
}

// TestOutageMovesNoWeight: what strikes all keys is no key's fault.
func TestOutageMovesNoWeight(t *testing.T) {
	t.Parallel()
	table := newTable()
	for _, key := range []string{"a", "b", "c"} {
		counted(t, table, key, records.AttrOK, 10, records.AttrFaults, 90)
	}
	run(t, table, nine, "a", "b", "c", "unused", "unused-too")
	for _, key := range []string{"a", "b", "c"} {
		want(t, table, "key#"+key, attrs{records.AttrWeight: 1000})
	}
}

func TestMiddle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		of   []int64
		want int64
	}{
		{"nothing", nil, 0},
		{"one", []int64{7}, 7},
		{"two", []int64{4, 1}, 2},
		{"three", []int64{9, 1, 5}, 5},
		{"four", []int64{9, 1, 5, 7}, 6},
	}
	for _, tt := range tests {
		if got := middle(tt.of); got != tt.want {
			t.Errorf("%s: middle(%v) = %d, want %d", tt.name, tt.of, got, tt.want)
		}
	}
}
