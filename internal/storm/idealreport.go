package storm

import (
	"time"

	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// reportIdeal is what the ideal comes to with the scenario's requests.
func reportIdeal(s *scenarios.Scenario, samples []sample, step time.Duration) *Report {
	r := newReport("ideal", "one queue that sees every bucket, in virtual time", step, samples)
	var waits []wait
	for i := range samples {
		x := &samples[i]
		if x.outcome == Answered {
			waits = append(waits, wait{x.ended - x.Latency - x.At, x.Batch})
			r.Tokens.Input += x.Input
			r.Tokens.Output += x.Output
		}
	}
	r.waited(waits)
	r.UpstreamCalls = r.Accepted
	r.Dollars = r.Tokens.dollars(s.Provider, s.Model)
	return &r
}
