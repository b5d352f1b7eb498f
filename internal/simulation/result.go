package simulation

import (
	"slices"
	"time"
)

// sample is what became of one request.
type sample struct {
	limited, overloaded bool
	batch               bool
	sends, refused      int
	waited              time.Duration // from its arrival to the send that was taken
	ended               time.Duration // when, since the start
	input, uncached     int64
}

func (s sample) answered() bool { return !s.limited && !s.overloaded }

// Result is what one run, or several, came to. Shares are of the client's
// requests.
type Result struct {
	Requests int
	// Limited and Overloaded are the shares answered 429 and 529, in percent.
	Limited, Overloaded float64
	// Upstream are the provider's 429s for a thousand requests.
	Upstream float64
	// Wait is the time from arrival to the send that was taken, of all that
	// were; Prompt of those that are not a batch.
	Wait, Prompt Quantiles
	// Makespan is when the last answer ended.
	Makespan time.Duration
	// Reads, Writes, Failed (conditions that did not hold) and Throttled are
	// the attempts on the table for each request.
	Reads, Writes, Failed, Throttled float64
	// Uncached is the share of the answered prompts that was paid for as input.
	Uncached float64
	Stuck    Stuck
}

// Quantiles of a wait, in seconds.
type Quantiles struct{ P50, P95, P99 float64 }

// Stuck is how a limiter dealt with a stuck key.
type Stuck struct {
	// Quarantine is how long after the first refusal calls came at less than
	// 5 s from each other.
	Quarantine time.Duration
	// Calls were made to it each minute.
	Calls float64
	// Back is how long after its recovery the first call was taken; -1 if none
	// ever was.
	Back time.Duration
}

func newResult(s Scenario, samples []sample, t *table, p *provider) Result {
	n := float64(max(1, len(samples)))
	r := Result{Requests: len(samples), Stuck: stuck(s, p)}
	var input, uncached int64
	for _, x := range samples {
		if x.limited {
			r.Limited += 100 / n
		}
		if x.overloaded {
			r.Overloaded += 100 / n
		}
		r.Upstream += float64(x.refused) * 1000 / n
		r.Makespan = max(r.Makespan, x.ended)
		if x.answered() {
			input, uncached = input+x.input, uncached+x.uncached
		}
	}
	r.Uncached = float64(uncached) / float64(max(1, input))
	r.Wait = quantiles(samples, func(x sample) bool { return x.answered() })
	r.Prompt = quantiles(samples, func(x sample) bool { return x.answered() && !x.batch })
	l := t.load
	r.Reads, r.Writes = float64(l.Reads)/n, float64(l.Writes)/n
	r.Failed, r.Throttled = float64(l.Failed)/n, float64(l.Throttled)/n
	return r
}

func quantiles(samples []sample, of func(sample) bool) Quantiles {
	var waits []time.Duration
	for _, x := range samples {
		if of(x) {
			waits = append(waits, x.waited)
		}
	}
	slices.Sort(waits)
	at := func(q float64) float64 {
		if len(waits) == 0 {
			return 0
		}
		return waits[int(q*float64(len(waits)-1))].Seconds()
	}
	return Quantiles{at(.5), at(.95), at(.99)}
}

func stuck(s Scenario, p *provider) Stuck {
	calls := p.stuckCalls
	if len(calls) == 0 {
		return Stuck{}
	}
	last := calls[0]
	for _, at := range calls {
		if at-last >= 5*time.Second {
			break
		}
		last = at
	}
	back := p.firstBack - s.Stuck.To
	if p.firstBack == 0 {
		back = -1
	}
	return Stuck{
		Quarantine: last - calls[0],
		Calls:      float64(len(calls)) / (s.Stuck.To - s.Stuck.From).Minutes(),
		Back:       back,
	}
}
