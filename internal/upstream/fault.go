// Package upstream is the vocabulary of what a provider's answer tells us:
// what a refusal means, what the headers say of a quota, what was consumed.
//
// It is a leaf: plain data without HTTP, so that the dialects that read answers
// and the pool that acts on them can share words without knowing each other.
package upstream

import (
	"errors"
	"fmt"
	"time"
)

// Class is the meaning of a provider's refusal. The pool, the gateway and
// telemetry branch on it; nothing else about an error is stable enough.
type Class string

// The classes. The comment of each says whose fault it is and how far it reaches.
const (
	RateLimit    Class = "rate_limit"    // quota group: out of requests or tokens for a while
	Ramp         Class = "ramp"          // quota group: usage grew too fast
	Concurrency  Class = "concurrency"   // organisation: too many parallel connections
	FastLimit    Class = "fast_limit"    // quota group, fast mode only: the ordinary quota is untouched
	SpendCap     Class = "spend_cap"     // organisation: a spend limit, ends at a date
	Billing      Class = "billing"       // organisation: no credit, unpaid
	Hold         Class = "hold"          // organisation: disabled by trust & safety; never routed around
	Auth         Class = "auth"          // key: wrong, revoked or expired
	Permission   Class = "permission"    // key and model: not allowed
	UnknownModel Class = "unknown_model" // request: no such model there
	Context      Class = "context"       // request: longer than the model's context window
	TooLarge     Class = "too_large"     // request: body too big for the provider
	Client       Class = "client"        // request: any other fault of the caller
	Encryption   Class = "encryption"    // workspace: its customer-managed key is unreachable
	Provider     Class = "provider"      // provider: a fault of its own (5xx)
	Timeout      Class = "timeout"       // provider: took too long
	Overload     Class = "overload"      // provider: no capacity for anybody (529, 503)
	Connect      Class = "connect"       // network: nothing was answered
	Truncated    Class = "truncated"     // stream ended without its success terminator
)

// Fault is a provider's refusal, understood.
type Fault struct {
	Class Class
	// Status is the HTTP status; 0 when none was received or when the fault
	// came inside a stream that had begun with 200.
	Status int
	// Type and Code are the provider's own words for it ("rate_limit_error",
	// "enforced_spend_limit_reached"); empty when it had none. Where nothing was
	// answered, Code may be a word for what the network did ("refused").
	Type, Code string
	// Message is the provider's text with organisation ids taken out, so that
	// it may be shown to a client.
	Message string
	// RetryAfter is how long the provider asked us to stay away; 0 when it
	// said nothing. It is never negative and at most 24 h.
	RetryAfter time.Duration
	// Until is the date on which the provider said a spend limit ends; zero
	// when it named none.
	Until time.Time
}

// Error describes the fault for logs. It holds no secret and no organisation id.
func (f *Fault) Error() string {
	if f.Code != "" {
		return fmt.Sprintf("upstream %s (status %d, %s): %s", f.Class, f.Status, f.Code, f.Message)
	}
	return fmt.Sprintf("upstream %s (status %d): %s", f.Class, f.Status, f.Message)
}

// AsFault returns err's Fault, or wraps any other error as a Connect fault:
// what is not a provider's answer is a failure to get one.
func AsFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{Class: Connect, Message: err.Error()}
}
