// Package fault is what can be made to go wrong in the simulated provider:
// which requests a fault strikes, for how long, and what happens to them. How
// a refusal is worded belongs to the wire dialects.
package fault

import (
	"cmp"
	"fmt"
	"path"
	"time"
)

// Effect is what a fault does to a request.
type Effect string

// Refusals. The limits among them come without quota headers, as a provider's
// own limiter never saw the request.
const (
	Stuck        Effect = "stuck"          // 429 with retry-after, whatever the quota
	Ramp         Effect = "ramp"           // 429: usage grew too fast
	Concurrency  Effect = "concurrency"    // 429: too many connections at once
	SpendCap     Effect = "spend_cap"      // 429 without retry-after: the provider's spend limit
	OwnLimit     Effect = "own_limit"      // 400: a spend limit that the customer set
	Billing      Effect = "billing"        // 402
	LowCredit    Effect = "low_credit"     // 400: the prepaid credit is used up
	Hold         Effect = "hold"           // 400: the organisation is disabled
	Revoked      Effect = "revoked"        // 401
	Forbidden    Effect = "forbidden"      // 403
	Overloaded   Effect = "overloaded"     // 529 (503 in the OpenAI dialect)
	ServerError  Effect = "server_error"   // 500
	Unavailable  Effect = "unavailable"    // 503
	Timeout      Effect = "timeout"        // 504
	TooLargePage Effect = "too_large_page" // 413 with an HTML page, from a proxy in front
)

// Disturbances.
const (
	Cut         Effect = "cut"          // the connection breaks before any header
	Slow        Effect = "slow"         // Delay is added before the first token
	StreamError Effect = "stream_error" // an error event after Chunks content events
	Stall       Effect = "stall"        // silence after Chunks content events, for Delay
	StreamCut   Effect = "stream_cut"   // the connection breaks after Chunks content events
	StreamEnd   Effect = "stream_end"   // the stream ends in good order after Chunks content events, without its terminator
	Shrink      Effect = "shrink"       // limits are multiplied by Factor
)

// effects says of each whether it refuses requests.
var effects = map[Effect]bool{
	Stuck: true, Ramp: true, Concurrency: true, SpendCap: true, OwnLimit: true, Billing: true, LowCredit: true,
	Hold: true, Revoked: true, Forbidden: true, Overloaded: true, ServerError: true, Unavailable: true, Timeout: true,
	TooLargePage: true, Cut: false, Slow: false, StreamError: false, Stall: false, StreamCut: false, StreamEnd: false,
	Shrink: false,
}

// Refuses reports whether the effect is an answer with an error status.
func (e Effect) Refuses() bool { return effects[e] }

// Fault is one thing that goes wrong.
type Fault struct {
	// ID is given by Set.Inject.
	ID string
	// Effect is what happens; required.
	Effect Effect

	// Key, Organisation (its name) and Model narrow the fault down; all that
	// are set must match. Model may be a pattern as in path.Match.
	Key, Organisation, Model string
	// Probability strikes only this share of the matching requests; 0 is all.
	Probability float64

	// For is how long the fault lasts; 0 is until it is cleared.
	For time.Duration
	// FromFirstHit lets that time begin with the first request it strikes
	// rather than now.
	FromFirstHit bool
	// Count ends the fault after so many requests; 0 is no bound.
	Count int

	// RetryAfter is what a refusal tells the client: whole seconds, rounded
	// up. 0 leaves it to the effect: 10 s for Stuck, 5 s for Ramp and Concurrency,
	// nothing for the others.
	RetryAfter time.Duration
	// Chunks is how many content events of a stream pass untouched.
	Chunks int
	// Delay is how long Slow and Stall take. 0 is until the client goes away
	// for Stall, and nothing for Slow.
	Delay time.Duration
	// Factor is what Shrink multiplies the limits by; > 0.
	Factor float64
	// Message replaces the text of a refusal.
	Message string
}

// Validate says what is wrong with the fault, if anything.
func (f Fault) Validate() error {
	if _, known := effects[f.Effect]; !known {
		return fmt.Errorf("fault: unknown effect %q", f.Effect)
	}
	if f.Effect == Shrink && f.Factor <= 0 {
		return fmt.Errorf("fault: shrink needs a factor above 0, not %v", f.Factor)
	}
	if f.Probability < 0 || f.Probability > 1 {
		return fmt.Errorf("fault: probability %v is not between 0 and 1", f.Probability)
	}
	if min(f.For, f.RetryAfter, f.Delay) < 0 || min(f.Count, f.Chunks) < 0 {
		return fmt.Errorf("fault: durations and counts must not be negative")
	}
	if _, err := path.Match(f.Model, ""); err != nil {
		return fmt.Errorf("fault: model %q is not a pattern: %w", f.Model, err)
	}
	return nil
}

// Wait is the effective RetryAfter; 0 is none.
func (f Fault) Wait() time.Duration {
	defaults := map[Effect]time.Duration{Stuck: 10 * time.Second, Ramp: 5 * time.Second, Concurrency: 5 * time.Second}
	return cmp.Or(f.RetryAfter, defaults[f.Effect])
}

func (f Fault) matches(t Target) bool {
	if f.Key != "" && f.Key != t.Key || f.Organisation != "" && f.Organisation != t.Organisation {
		return false
	}
	if f.Model == "" {
		return true
	}
	hit, err := path.Match(f.Model, t.Model)
	return err == nil && hit
}

// Target is a request as faults see it.
type Target struct{ Key, Organisation, Model string }
