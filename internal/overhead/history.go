package overhead

import (
	"fmt"
	"strings"
)

// History is one line of docs/benchmarks/history.md: the ratios that must not
// slip. They compare within a run, so that a slower machine does not look like
// a slower gateway; where processor time is compared, its load hardly shows.
func (r *Result) History(version string) string {
	if r.find(Own) == nil {
		return ""
	}
	cells := []string{r.Began.Format("2006-01-02"), version, fmt.Sprint(r.Machine.Processors), firstField(r.LoadBefore)}
	for _, c := range historyColumns {
		cells = append(cells, c.value(r))
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// HistoryHead is the head of its table.
func HistoryHead() string {
	titles := []string{"date", "version", "processors", "load before"}
	for _, c := range historyColumns {
		titles = append(titles, c.title)
	}
	return "| " + strings.Join(titles, " | ") + " |\n|" + strings.Repeat("---|", len(titles))
}

var historyColumns = []struct {
	title string
	value func(*Result) string
}{
	{"throughput, x of the bare proxy", asRatio(throughputCell, func(s Sample) float64 { return s.PerSecond })},
	{"processor a request, x of it", asRatio(throughputCell, func(s Sample) float64 { return s.Processor })},
	{"processor an event, x of it", asRatio(streamsCell, func(s Sample) float64 { return s.Processor })},
	{"added p50 / p99, us", func(r *Result) string { return added(r, Own) }},
	{"those of the bare proxy", func(r *Result) string { return added(r, BareProxy) }},
	{"memory idle, MB", func(r *Result) string { return figure(r.find(Own).Idle) }},
	{"start, ms", func(r *Result) string { return figure(median(r.find(Own).Starts)) }},
}

func asRatio(c Cell, of func(Sample) float64) func(*Result) string {
	return func(r *Result) string {
		value, known := r.ratio(BareProxy, c, of)
		if !known {
			return unknown
		}
		return fmt.Sprintf("%.2f", value)
	}
}

func added(r *Result, name string) string {
	report := r.find(name)
	if report == nil {
		return unknown
	}
	s, ok := report.Of(latencyCell.Name())
	if !ok {
		return unknown
	}
	return figure(s.AddedP50) + " / " + figure(s.AddedP99)
}

func firstField(s string) string {
	first, _, _ := strings.Cut(s, " ")
	return first
}
