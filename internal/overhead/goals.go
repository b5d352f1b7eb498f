package overhead

import "fmt"

// Goal is what Fallow is to keep to.
type Goal struct {
	What string
	// Value is what was measured, in Unit; Known is false where it was not.
	Value float64
	Known bool
	Unit  string
	// Bound must not be exceeded, or with AtLeast be reached.
	Bound   float64
	AtLeast bool
}

// Met reports whether it was.
func (g Goal) Met() bool {
	if g.AtLeast {
		return g.Value >= g.Bound
	}
	return g.Value < g.Bound
}

// String is the goal's row in words.
func (g Goal) verdict() string {
	switch {
	case !g.Known:
		return "not measured"
	case g.Met():
		return "met"
	default:
		return "**missed**"
	}
}

func (g Goal) bound() string {
	relation := "under"
	if g.AtLeast {
		relation = "at least"
	}
	return fmt.Sprintf("%s %g%s", relation, g.Bound, g.Unit)
}

// Goals holds Fallow to the others in the same run.
func (r *Result) Goals() []Goal {
	own := r.find(Own)
	if own == nil {
		return nil
	}
	var goals []Goal
	for _, other := range []struct {
		name  string
		bound float64
	}{{BareProxy, 0.5}, {"litellm", 20}, {"portkey", 20}} {
		ratio, known := r.ratio(other.name, throughputCell, func(s Sample) float64 { return s.PerSecond })
		goals = append(goals, Goal{"throughput, 2 KB, 64 connections, of that of " + other.name, ratio, known, "x", other.bound, true})
	}
	latency, timed := own.Of(latencyCell.Name())
	streams, streamed := own.Of(streamsCell.Name())
	return append(goals,
		Goal{"added latency, 2 KB at 500/s, p50", latency.AddedP50, timed, " us", 150, false},
		Goal{"added latency, 2 KB at 500/s, p99", latency.AddedP99, timed, " us", 1000, false},
		Goal{"memory, idle", own.Idle, own.Idle > 0, " MB", 40, false},
		Goal{"memory, 64 streams", streams.Memory, streamed, " MB", 100, false},
		Goal{"start to the first answer", median(own.Starts), len(own.Starts) > 0, " ms", 50, false},
		Goal{"processor time for each event, 64 paced streams of 500", streams.Processor, streamed, " us", 30, false},
	)
}

// ratio is a figure of Fallow's to that of another.
func (r *Result) ratio(other string, c Cell, figure func(Sample) float64) (value float64, known bool) {
	them := r.find(other)
	if them == nil {
		return 0, false
	}
	mine, ok := r.find(Own).Of(c.Name())
	theirs, has := them.Of(c.Name())
	if !ok || !has || figure(theirs) == 0 {
		return 0, false
	}
	return figure(mine) / figure(theirs), true
}
