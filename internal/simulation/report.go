package simulation

import (
	"fmt"
	"strings"
)

// Report holds the results of many runs. The zero Report is empty and ready.
// It is not safe for concurrent use.
type Report struct {
	runs map[string]map[string][]Result // by scenario, then limiter
}

// Add takes in the result of a run.
func (r *Report) Add(scenario, limiter string, result Result) {
	if r.runs == nil {
		r.runs = map[string]map[string][]Result{}
	}
	if r.runs[scenario] == nil {
		r.runs[scenario] = map[string][]Result{}
	}
	r.runs[scenario][limiter] = append(r.runs[scenario][limiter], result)
}

// Mean returns the average of a limiter's runs of a scenario; ok is false when
// there are none.
func (r *Report) Mean(scenario, limiter string) (result Result, ok bool) {
	runs := r.runs[scenario][limiter]
	return mean(runs), len(runs) > 0
}

// String is all tables in Markdown.
func (r *Report) String() string {
	return strings.Join([]string{
		"**Client 429 % / upstream 429 for 1,000 requests**\n\n" + r.table(func(x Result) string {
			return fmt.Sprintf("%s / %s", brief(x.Limited), brief(x.Upstream))
		}),
		"**Wait before the send that was taken, p50 / p95 / p99 in seconds**\n\n" + r.table(func(x Result) string {
			return fmt.Sprintf("%s / %s / %s", brief(x.Wait.P50), brief(x.Wait.P95), brief(x.Wait.P99))
		}),
		"**What it cost: package pool**\n\n" + r.costs(),
		"**Goals**\n\n" + r.goals(),
	}, "\n")
}

// table has a row for each scenario and a column for each limiter.
func (r *Report) table(cell func(Result) string) string {
	var limiters []Limiter
	for _, l := range Limiters() {
		if r.knows(l) {
			limiters = append(limiters, l)
		}
	}
	rows := [][]string{{"scenario"}}
	for _, l := range limiters {
		rows[0] = append(rows[0], l.About)
	}
	for _, s := range r.scenarios() {
		row := []string{s.Name + ": " + s.About}
		for _, l := range limiters {
			text := ""
			if x, ok := r.Mean(s.Name, l.Name); ok {
				text = cell(x)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	return markdown(rows)
}

func (r *Report) knows(l Limiter) bool {
	for _, runs := range r.runs {
		if len(runs[l.Name]) > 0 {
			return true
		}
	}
	return false
}

// scenarios lists those that were run.
func (r *Report) scenarios() []Scenario {
	var ran []Scenario
	for _, s := range Scenarios() {
		if len(r.runs[s.Name]) > 0 {
			ran = append(ran, s)
		}
	}
	return ran
}

// costs shows what the limiter asks of the table, and what else has a figure.
func (r *Report) costs() string {
	rows := [][]string{{"scenario", "requests", "writes", "reads", "failed conditions", "throttled", "$ for a million requests", "client 529 %", "makespan s", "input paid for"}}
	for _, s := range r.scenarios() {
		x, ok := r.Mean(s.Name, "fallow")
		if !ok {
			continue
		}
		rows = append(rows, []string{s.Name, fmt.Sprint(x.Requests),
			brief(x.Writes), brief(x.Reads), brief(x.Failed), brief(x.Throttled), brief(x.Dollars()),
			brief(x.Overloaded), fmt.Sprintf("%.0f", x.Makespan.Seconds()), fmt.Sprintf("%.0f %%", 100*x.Uncached)})
	}
	return markdown(rows)
}

// Dollars is what DynamoDB asks for a million such requests, on demand in
// us-east-1, with records of at most 1 KB (DynamoDB price page).
func (r Result) Dollars() float64 { return 0.625*r.Writes + 0.125*r.Reads }

// brief has three digits that matter.
func brief(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 0.995:
		return fmt.Sprintf("%.3f", x)
	case x < 9.95:
		return fmt.Sprintf("%.2f", x)
	case x < 99.5:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

func markdown(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return b.String()
}
