package scenarios

import (
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

// Goals are what Fallow is held to in a scenario, each at most so much. What is
// left out is no goal; 0 is one.
type Goals struct {
	// Compress is the most compression at which they mean anything; 0 means 1.
	Compress float64 `yaml:"compress" json:"compress,omitempty"`
	// Client429Percent is the share of the requests whose client saw a 429,
	// whether or not it was answered later; AbandonedPercent of those that were
	// given up; FailedPercent of those that ended in any other failure.
	Client429Percent *float64 `yaml:"client_429_percent" json:"client_429_percent,omitempty"`
	AbandonedPercent *float64 `yaml:"abandoned_percent" json:"abandoned_percent,omitempty"`
	FailedPercent    *float64 `yaml:"failed_percent" json:"failed_percent,omitempty"`
	// Upstream429sPer1000 are the provider's 429s for a thousand requests. The
	// ideal has none, in any scenario.
	Upstream429sPer1000 *float64 `yaml:"upstream_429s_per_1000" json:"upstream_429s_per_1000,omitempty"`
	// WastedPerMinute are the calls that faults refused, for each minute in
	// which a key had one.
	WastedPerMinute *float64 `yaml:"wasted_per_minute" json:"wasted_per_minute,omitempty"`
	// MakespanOfIdeal is the time to the end of the last answer, as a multiple
	// of the ideal's.
	MakespanOfIdeal *float64 `yaml:"makespan_of_ideal" json:"makespan_of_ideal,omitempty"`
	// InteractiveWaitP99 is the 99th percentile of the waits until the provider
	// accepts a request, batches left out.
	InteractiveWaitP99 *time.Duration `yaml:"interactive_wait_p99" json:"interactive_wait_p99_ns,omitempty"`
}

func (g Goals) check(f *faults) {
	f.need(g.Compress >= 0, "goals.compress", "%v must not be negative", g.Compress)
	for _, x := range []struct {
		name  string
		bound *float64
	}{
		{"client_429_percent", g.Client429Percent}, {"abandoned_percent", g.AbandonedPercent}, {"failed_percent", g.FailedPercent},
		{"upstream_429s_per_1000", g.Upstream429sPer1000}, {"wasted_per_minute", g.WastedPerMinute},
		{"makespan_of_ideal", g.MakespanOfIdeal},
	} {
		f.need(x.bound == nil || *x.bound >= 0, "goals."+x.name, "must not be negative")
	}
	f.need(g.InteractiveWaitP99 == nil || *g.InteractiveWaitP99 >= 0, "goals.interactive_wait_p99", "must not be negative")
}

// KeyFaultMinutes is how long keys have faults that refuse calls, all of them
// together; faults of the provider as a whole are not a key's.
func (s *Scenario) KeyFaultMinutes() float64 {
	sum := time.Duration(0)
	for _, x := range s.Faults {
		if x.Key == 0 || !fault.Effect(x.Effect).Refuses() {
			continue
		}
		if x.For == 0 {
			x.For = max(0, s.Length-x.At)
		}
		sum += x.For
	}
	return sum.Minutes()
}
