package telemetry

import (
	"log/slog"
	"time"
)

// Rebalance is one run of the scheduled job, and how the pools stood after it.
type Rebalance struct {
	// Took is the length of the run; Failure says what did not work, in words,
	// and is empty when all did.
	Took    time.Duration
	Failure string
	// Moved counts the keys whose weight changed, Restored and Refused the rests
	// that its probes ended or confirmed.
	Moved, Restored, Refused int
	Groups                   []GroupState
	Keys                     []KeyState
}

// GroupState is how a quota group stands.
type GroupState struct {
	Pool, Name string
	// Headroom is the free share of its tightest limit, 0 to 1; it counts only
	// if HeadroomKnown.
	Headroom      float64
	HeadroomKnown bool
	// Resting says that no key of it can serve every model; Quarantined that a
	// probe has to succeed first.
	Resting, Quarantined bool
}

// KeyState is how a key stands.
type KeyState struct {
	Pool, Name string
	// Weight is the part of its base weight in force, 0 to 1.
	Weight float64
	// Quarantined says that a probe has to succeed before it is used.
	Quarantined bool
}

// Quarantined counts the groups and keys that wait for a probe.
func (r Rebalance) Quarantined() int {
	n := 0
	for _, g := range r.Groups {
		if g.Quarantined {
			n++
		}
	}
	for _, k := range r.Keys {
		if k.Quarantined {
			n++
		}
	}
	return n
}

// Resting counts the groups that rest.
func (r Rebalance) Resting() int {
	n := 0
	for _, g := range r.Groups {
		if g.Resting {
			n++
		}
	}
	return n
}

// Line implements Event.
func (r Rebalance) Line(dst []slog.Attr) (slog.Level, string, []slog.Attr) {
	dst = append(dst,
		slog.Int64("took_ms", r.Took.Milliseconds()), slog.Int("moved", r.Moved),
		slog.Int("restored", r.Restored), slog.Int("refused", r.Refused),
		slog.Int("groups", len(r.Groups)), slog.Int("keys", len(r.Keys)),
		slog.Int("resting_groups", r.Resting()), slog.Int("quarantined", r.Quarantined()),
	)
	if r.Failure != "" {
		return slog.LevelWarn, "rebalance", append(dst, slog.String("failure", r.Failure))
	}
	return slog.LevelInfo, "rebalance", dst
}
