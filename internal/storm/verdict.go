package storm

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// Verdict is whether Fallow met one of the scenario's goals.
type Verdict struct {
	// Goal says what is counted, for people.
	Goal string `json:"goal"`
	// AtMost is the bound, Got what was measured, in the goal's own unit.
	AtMost float64 `json:"at_most"`
	Got    float64 `json:"got"`
	Met    bool    `json:"met"`
}

// judged is the contestant that goals are for.
const judged = "fallow"

// judge holds Fallow to the scenario's goals.
func (r *Result) judge() {
	if r.Unjudged() != "" {
		return
	}
	for i := range r.Contestants {
		if r.Contestants[i].Name == judged {
			r.Verdicts = verdicts(r.Scenario, &r.Contestants[i], r.Ideal)
		}
	}
}

// Unjudged says why there can be no verdicts, for people; empty when there can.
func (r *Result) Unjudged() string {
	most := cmp.Or(r.Scenario.Goals.Compress, 1)
	switch {
	case r.Scenario.Goals == scenarios.Goals{}:
		return "the scenario states no goals"
	case r.Interrupted:
		return "the run was ended early"
	case r.Compress > most:
		return fmt.Sprintf("time ran x%g, and the goals are for x%g at most", r.Compress, most)
	case !slices.ContainsFunc(r.Contestants, func(c Report) bool { return c.Name == judged }):
		return "Fallow took no part"
	}
	return ""
}

func verdicts(s *scenarios.Scenario, c, ideal *Report) []Verdict {
	var all []Verdict
	hold := func(bound *float64, goal string, got float64) {
		if bound != nil {
			all = append(all, Verdict{Goal: goal, AtMost: *bound, Got: got, Met: got <= *bound})
		}
	}
	n, g := float64(max(1, c.Ended)), s.Goals
	hold(g.Client429Percent, "% of the requests whose client saw a 429", 100*float64(c.Saw429)/n)
	hold(g.AbandonedPercent, "% of the requests abandoned", 100*float64(c.Outcomes[Abandoned])/n)
	hold(g.FailedPercent, "% of the requests failed otherwise", 100*float64(c.Outcomes[Overloaded]+c.Outcomes[Failed])/n)
	hold(g.Upstream429sPer1000, "429s of the provider for 1,000 requests, of which the ideal has none", 1000*float64(c.Upstream429s)/n)
	if minutes := s.KeyFaultMinutes(); minutes > 0 {
		hold(g.WastedPerMinute, "calls wasted in a minute of a key's fault", float64(c.Wasted)/minutes)
	}
	if ideal.Makespan > 0 {
		hold(g.MakespanOfIdeal, "makespan, as a multiple of the ideal's", c.Makespan/ideal.Makespan)
	}
	if g.InteractiveWaitP99 != nil {
		bound := g.InteractiveWaitP99.Seconds()
		hold(&bound, "p99 of the waits of requests that are no batch, s", c.InteractiveWait.P99)
	}
	return all
}

// Missed counts the goals that were not met.
func (r *Result) Missed() int {
	n := 0
	for _, v := range r.Verdicts {
		if !v.Met {
			n++
		}
	}
	return n
}
