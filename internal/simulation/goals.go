package simulation

import (
	"fmt"
	"time"
)

// goal is a bound that the limiter is held to.
type goal struct {
	name, target string
	// scenario whose result is looked at, and the limiter it is compared with
	// if there is one.
	scenario, against string
	met               func(x, other Result) bool
	show              func(x, other Result) string
}

func goals() []goal {
	return []goal{
		refusals("four full buckets", "storm", 0, 0.1),
		refusals("0.85 of the demand", "tight", 0.1, 0.5),
		refusals("1,000 at once", "thousand", 0, 1),
		{"1,000 at once: makespan", "at most 1.15 of the oracle's, all answered", "thousand", "oracle",
			func(x, o Result) bool { return x.Limited == 0 && x.Makespan <= o.Makespan*115/100 },
			func(x, o Result) string { return fmt.Sprintf("%.2f", x.Makespan.Seconds()/o.Makespan.Seconds()) }},
		{"wait with free capacity", "p50 at most 8 ms, p99 30 ms", "storm", "",
			func(x, _ Result) bool { return x.Wait.P50 <= 0.008 && x.Wait.P99 <= 0.030 },
			func(x, _ Result) string { return fmt.Sprintf("%.1f / %.1f ms", 1000*x.Wait.P50, 1000*x.Wait.P99) }},
		refused("limits halved", "halve", 1),
		{"stuck key", "quarantined in 1 s, back in 30 s, at most 2 calls a minute", "stuck", "",
			func(x, _ Result) bool {
				s := x.Stuck
				return s.Quarantine <= time.Second && s.Back >= 0 && s.Back <= 30*time.Second && s.Calls <= 2
			},
			func(x, _ Result) string {
				return fmt.Sprintf("%.1f s, %.0f s, %.1f", x.Stuck.Quarantine.Seconds(), x.Stuck.Back.Seconds(), x.Stuck.Calls)
			}},
		refused("two organisations behind four keys", "two-orgs", 1),
		refused("DynamoDB down for 60 s", "table-down", 2),
		refused("clocks off by a second", "skew", 1),
		refused("hidden burst of 8 s", "hidden", 8),
		{"529 waves", "client 529 at most 0.4 %, no 429", "overload", "",
			func(x, _ Result) bool { return x.Overloaded <= 0.4 && x.Limited == 0 },
			func(x, _ Result) string { return fmt.Sprintf("%s %% and %s %%", brief(x.Overloaded), brief(x.Limited)) }},
		{"interactive beside a batch", "p99 at most 50 ms", "tenants", "",
			func(x, _ Result) bool { return x.Prompt.P99 <= 0.050 },
			func(x, _ Result) string { return fmt.Sprintf("%.0f ms", 1000*x.Prompt.P99) }},
		{"affinity", "at least 35 % less input paid for than at random", "prefix", "rotate",
			func(x, o Result) bool { return saved(x, o) >= 0.35 },
			func(x, o Result) string { return fmt.Sprintf("%.0f %%", 100*saved(x, o)) }},
		load("table, light", "storm", 1.5, 0.2), load("table, tight", "tight", 2.2, 0.5), load("table, burst", "thousand", 3.2, 6),
	}
}

func saved(x, random Result) float64 { return 1 - x.Uncached/random.Uncached }

// refusals bounds what clients are told and what the provider refuses.
func refusals(name, scenario string, client, upstream float64) goal {
	return goal{name, fmt.Sprintf("client 429 at most %s %%, upstream %s for 1,000", brief(client), brief(upstream)), scenario, "",
		func(x, _ Result) bool { return x.Limited <= client && x.Upstream <= upstream },
		func(x, _ Result) string { return fmt.Sprintf("%s %% / %s", brief(x.Limited), brief(x.Upstream)) }}
}

// refused bounds what the provider refuses.
func refused(name, scenario string, upstream float64) goal {
	return goal{name, fmt.Sprintf("upstream 429 at most %s for 1,000", brief(upstream)), scenario, "",
		func(x, _ Result) bool { return x.Upstream <= upstream },
		func(x, _ Result) string { return brief(x.Upstream) }}
}

// load bounds what is asked of the table for each request.
func load(name, scenario string, writes, reads float64) goal {
	return goal{name, fmt.Sprintf("at most %s writes, %s reads, $2 for a million", brief(writes), brief(reads)), scenario, "",
		func(x, _ Result) bool { return x.Writes <= writes && x.Reads <= reads && x.Dollars() <= 2 },
		func(x, _ Result) string {
			return fmt.Sprintf("%s, %s, $%s", brief(x.Writes), brief(x.Reads), brief(x.Dollars()))
		}}
}

// goals is the table of those whose scenarios were run.
func (r *Report) goals() string {
	rows := [][]string{{"goal", "target", "measured", "met"}}
	for _, g := range goals() {
		x, ran := r.Mean(g.scenario, "fallow")
		other, compared := r.Mean(g.scenario, g.against)
		if !ran || g.against != "" && !compared {
			continue
		}
		met := "no"
		if g.met(x, other) {
			met = "yes"
		}
		rows = append(rows, []string{g.name, g.target, g.show(x, other), met})
	}
	return markdown(rows)
}
