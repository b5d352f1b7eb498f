package simulation

import "time"

// mean is the average of several runs.
func mean(runs []Result) Result {
	var m Result
	share := 1 / float64(max(1, len(runs)))
	for _, r := range runs {
		m.Requests += int(float64(r.Requests) * share)
		m.Makespan += times(r.Makespan, share)
		m.Stuck.Quarantine += times(r.Stuck.Quarantine, share)
		m.Stuck.Back += times(r.Stuck.Back, share)
		to, from := m.figures(), r.figures()
		for i := range to {
			*to[i] += *from[i] * share
		}
	}
	return m
}

func times(d time.Duration, share float64) time.Duration { return time.Duration(float64(d) * share) }

func (r *Result) figures() []*float64 {
	return []*float64{
		&r.Limited, &r.Overloaded, &r.Upstream,
		&r.Wait.P50, &r.Wait.P95, &r.Wait.P99, &r.Prompt.P50, &r.Prompt.P95, &r.Prompt.P99,
		&r.Reads, &r.Writes, &r.Failed, &r.Throttled, &r.Uncached, &r.Stuck.Calls,
	}
}
