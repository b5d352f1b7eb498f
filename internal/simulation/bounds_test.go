package simulation

import (
	"fmt"
	"testing"
	"time"
)

// The short form is half an hour of each scenario with one seed, whose spikes
// are among the highest that a queue without delay still serves in full.
const (
	shortSeed   = 10
	shortLength = 30 * time.Minute
)

// bound is what the short form allows: about a quarter more than was measured.
// Figures of one seed repeat, but a change that is none for the better or the
// worse still moves them a little.
type bound struct {
	scenario                      string
	limited, overloaded, upstream float64
	// writes and stuckCalls are not bounded when 0.
	writes, stuckCalls float64
}

var bounds = []bound{
	{scenario: "storm", writes: 3.1},
	{scenario: "tight", limited: 0.1, upstream: 0.5, writes: 4.2},
	{scenario: "stuck", limited: 0.1, upstream: 40, stuckCalls: 4.5},
	{scenario: "halve", limited: 0.1, upstream: 1},
	{scenario: "thousand", limited: 32, upstream: 3300, writes: 23}, // no limit is known before the first answer
	{scenario: "heavy", limited: 0.2, upstream: 2},
	{scenario: "overload", limited: 0.1, overloaded: 6},
	{scenario: "table-down", limited: 0.3, upstream: 4},
	{scenario: "hidden", limited: 0.1, upstream: 10.5},
	{scenario: "two-orgs", limited: 0.1, upstream: 1},
	{scenario: "foreign", limited: 0.1, upstream: 29},
	{scenario: "half-cached", limited: 1, upstream: 4},
	{scenario: "skew", limited: 0.1, upstream: 1},
	{scenario: "uneven", limited: 0.3, upstream: 1},
	{scenario: "low-estimates", limited: 1.2, upstream: 3.5},
	{scenario: "prefix", limited: 0.1, upstream: 1},
	{scenario: "output", limited: 0.1, upstream: 12},
	{scenario: "tenants", limited: 36, upstream: 1600}, // nor is it here
}

// exceeded says which bounds a result breaks.
func (b bound) exceeded(r Result) (faults []string) {
	check := func(what string, got, most float64) {
		if got > most {
			faults = append(faults, fmt.Sprintf("%s %.2f, at most %.2f", what, got, most))
		}
	}
	check("client 429 %", r.Limited, b.limited)
	check("client 529 %", r.Overloaded, b.overloaded)
	check("upstream 429 for 1,000", r.Upstream, b.upstream)
	if b.writes > 0 {
		check("writes", r.Writes, b.writes)
	}
	if b.stuckCalls > 0 {
		check("calls a minute on the stuck key", r.Stuck.Calls, b.stuckCalls)
	}
	return faults
}

func short(t *testing.T, name string) Scenario {
	t.Helper()
	s := scenario(t, name)
	s.Length = min(s.Length, shortLength)
	return s
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, b := range bounds {
		t.Run(b.scenario, func(t *testing.T) {
			t.Parallel()
			for _, fault := range b.exceeded(run(t, short(t, b.scenario), limiter(t, "fallow"), shortSeed)) {
				t.Error(fault)
			}
		})
	}
}

// Bounds that a limiter without a memory keeps would show nothing.
func TestBoundsCatchForgetfulness(t *testing.T) {
	t.Parallel()
	for _, b := range bounds {
		switch b.scenario {
		case "stuck", "foreign", "uneven", "prefix":
		default:
			continue
		}
		if got := b.exceeded(run(t, short(t, b.scenario), limiter(t, "rotate"), shortSeed)); got == nil {
			t.Errorf("%s: a limiter that remembers nothing keeps every bound", b.scenario)
		}
	}
}

func TestAffinityPaysForLessInput(t *testing.T) {
	t.Parallel()
	s := short(t, "prefix")
	atRandom, got := run(t, s, limiter(t, "rotate"), shortSeed), run(t, s, limiter(t, "fallow"), shortSeed)
	if share := saved(got, atRandom); share < 0.35 {
		t.Errorf("saved %.2f of the input that a random choice pays for, want at least 0.35", share)
	}
}

// A scenario that some limiter cannot pass in principle would be no goal.
func TestOracleIsNeverRefused(t *testing.T) {
	t.Parallel()
	for _, s := range Scenarios() {
		if s.Long {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			r := run(t, short(t, s.Name), limiter(t, "queue"), shortSeed)
			if r.Upstream != 0 || r.Limited != 0 {
				t.Errorf("upstream 429 %.2f for 1,000 and client 429 %.2f %%, want none", r.Upstream, r.Limited)
			}
		})
	}
}

func TestRunOfOneSeedRepeats(t *testing.T) {
	t.Parallel()
	s := short(t, "tight")
	for _, name := range []string{"rotate", "fallow"} {
		a, b := run(t, s, limiter(t, name), shortSeed), run(t, s, limiter(t, name), shortSeed)
		if a.Requests != b.Requests || a.Makespan.Round(time.Minute) != b.Makespan.Round(time.Minute) {
			t.Errorf("%s: %d requests until %s, then %d until %s", name, a.Requests, a.Makespan, b.Requests, b.Makespan)
		}
		if low, high := min(a.Upstream, b.Upstream), max(a.Upstream, b.Upstream); high > 1.1*low {
			t.Errorf("%s: %.1f refusals for 1,000, then %.1f: more than a tenth apart", name, a.Upstream, b.Upstream)
		}
	}
}
