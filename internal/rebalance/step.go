// Package rebalance is the scheduled job: once a minute it looks at what the
// instances counted of each key and moves the keys' weights a little.
//
// It does what no single request can see, and nothing that a request waits
// for: a minute is far too slow to react to a limit, which is what cooldowns
// are for. If it stops, weights stay as they are. Two runs at once do no harm,
// because each write is fenced by the minute it decides for.
package rebalance

import (
	"fmt"
	"math"
	"time"
)

// Weights are thousandths of the base weight.
const (
	full = 1000
	// least keeps a trickle on a bad key, so that its recovery is noticed.
	least = 50
	// most a weight moves in one run, and so in a minute.
	stride = 100
	// fewer answers than this say nothing about a key.
	enough = 5
	// headroom older than this says nothing about now.
	stale = 2 * time.Minute
)

// Sample is what is known of a key when the job runs.
type Sample struct {
	Weight int64 // in force; 0 means never decided
	// OK and Refused count the answers since the last run.
	OK, Refused int64
	// Headroom is the free share of the key's tightest limit in thousandths,
	// as of HeadroomAt; a zero time means unknown.
	Headroom   int64
	HeadroomAt time.Time
}

// Decision is a weight and the reason for it.
type Decision struct {
	Weight int64
	Why    string
}

// Step decides one key's next weight. It is pure.
func Step(now time.Time, s Sample) Decision {
	current := s.Weight
	if current <= 0 {
		current = full
	}
	goal, why := target(now, s)
	next := min(max(goal, current-stride), current+stride)
	if next != goal {
		why += fmt.Sprintf("; on the way from %s to %s, at most %s a minute", share(current), share(goal), share(stride))
	}
	return Decision{Weight: next, Why: why}
}

// target is the weight that the last minute calls for. Refusals count
// squared: a key that is refused now and then does harm quickly. Headroom
// counts half, because a full quota is what a busy key should have.
func target(now time.Time, s Sample) (int64, string) {
	calls := s.OK + s.Refused
	goal, why := float64(full), "nothing against it"
	if calls >= enough && s.Refused > 0 {
		good := float64(s.OK) / float64(calls)
		goal *= good * good
		why = fmt.Sprintf("refused %d of %d calls", s.Refused, calls)
	}
	if !s.HeadroomAt.IsZero() && now.Sub(s.HeadroomAt) < stale {
		free := min(max(float64(s.Headroom)/full, 0), 1)
		goal *= 0.5 + free/2
		why += fmt.Sprintf(", %.0f %% of its limit free", free*100)
	}
	return min(max(int64(math.Round(goal)), least), full), why
}

// share writes a weight as people read it.
func share(weight int64) string { return fmt.Sprintf("%.2f", float64(weight)/full) }
