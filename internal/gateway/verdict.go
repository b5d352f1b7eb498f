package gateway

import (
	"errors"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// step is what to do after a failed attempt at a target.
type step int

const (
	giveUp     step = iota // with this target
	askAgain               // at once: the pool rests what refused and knows what is free next, or when
	anotherKey             // at once, without this key: the pool does not rest it
	backOff                // for a moment: the fault was the provider's
)

var steps = map[upstream.Class]step{
	upstream.RateLimit:   askAgain,
	upstream.Ramp:        askAgain,
	upstream.Concurrency: askAgain,
	upstream.SpendCap:    askAgain,
	upstream.Billing:     askAgain,
	upstream.Auth:        askAgain,
	upstream.Permission:  askAgain,
	upstream.Encryption:  askAgain,
	upstream.FastLimit:   anotherKey,
	upstream.Provider:    backOff,
	upstream.Overload:    backOff,
	upstream.Connect:     backOff,
	upstream.Truncated:   backOff,
	// Timeout is not here: the client has waited long enough for this target.
	// Hold is not: a provider's hold is not walked round with another key.
}

func next(err error) step {
	var f *upstream.Fault
	if errors.As(err, &f) {
		if s := steps[f.Class]; s != backOff || f.RetryAfter <= longestPause {
			return s
		}
		return giveUp
	}
	var unreadable *secretError
	if errors.As(err, &unreadable) {
		return anotherKey
	}
	return giveUp
}

// triesNextTarget reports whether another target may do better: not when the
// provider has found the request itself at fault. A model unknown here may be
// known there. A parameter that one dialect cannot express may be fine in
// another; to find out costs no call, so it is simply tried.
func triesNextTarget(err error) bool {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return f.Class != upstream.Client && f.Class != upstream.Context && f.Class != upstream.TooLarge
	}
	return true
}

// isHold reports whether a provider's trust and safety team is the reason.
func isHold(err error) bool {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return f.Class == upstream.Hold
	}
	var exhausted *pool.ExhaustedError
	return errors.As(err, &exhausted) && exhausted.Class == upstream.Hold
}

// worse keeps the failure to tell the client of when several targets failed:
// the one that leaves most hope. What a retry may cure goes before what it
// cannot; of those the soonest time to come back; else the earlier target, which
// the operator prefers.
func worse(a, b error) error {
	if a == nil {
		return b
	}
	ea, eb := errorFor(a), errorFor(b)
	switch {
	case ea.hopeless() != eb.hopeless():
		if ea.hopeless() {
			return b
		}
	case eb.retryAfter > 0 && (ea.retryAfter == 0 || eb.retryAfter < ea.retryAfter):
		return b
	}
	return a
}
