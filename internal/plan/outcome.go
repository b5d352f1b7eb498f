package plan

import (
	"math"
	"slices"
)

// Outcome is what a pool would have made of the log. Waits are seconds.
type Outcome struct {
	Groups int `json:"groups"`
	// Limited is the share of the requests that clients would have got a 429
	// for, in percent, and LimitedCalls their number.
	Limited      float64 `json:"limited_percent"`
	LimitedCalls int     `json:"limited"`
	// LimitedTokens are their tokens: what a fallback would have to carry.
	LimitedTokens int64 `json:"limited_tokens"`
	// Upstream are the provider's 429s for a thousand requests.
	Upstream float64 `json:"upstream_429s_per_1000"`
	// Wait is the time before the call that was taken, of those that were.
	WaitP50 float64 `json:"wait_p50"`
	WaitP95 float64 `json:"wait_p95"`
	WaitP99 float64 `json:"wait_p99"`
	WaitMax float64 `json:"wait_max"`
}

func (w *world) outcome() Outcome {
	o := Outcome{Groups: w.groups}
	var waits []float64
	for _, s := range w.served {
		if s.answered {
			waits = append(waits, s.waited.Seconds())
			continue
		}
		o.LimitedCalls++
		o.LimitedTokens += s.tokens
	}
	n := float64(max(1, len(w.served)))
	o.Limited, o.Upstream = 100*float64(o.LimitedCalls)/n, 1000*float64(w.denied)/n
	slices.Sort(waits)
	at := func(q float64) float64 {
		if len(waits) == 0 {
			return 0
		}
		return math.Round(1000*waits[int(q*float64(len(waits)-1))]) / 1000
	}
	o.WaitP50, o.WaitP95, o.WaitP99, o.WaitMax = at(.5), at(.95), at(.99), at(1)
	return o
}
