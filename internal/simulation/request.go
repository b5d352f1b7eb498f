package simulation

import "time"

// Request is one client request, with everything about it that no limiter can
// change. Only Estimate, Conversation and Batch are known before the call.
type Request struct {
	ID int
	// At is when it arrives, since the start.
	At time.Duration
	// Latency is how long the provider takes from the send to the end of the
	// answer.
	Latency time.Duration
	// Input and Output are the tokens of prompt and answer; Estimate is what a
	// gateway takes the prompt for.
	Input, Output, Estimate int64
	// Conversation is shared by the requests whose first Prefix tokens are the
	// same. Empty and 0 when there are none.
	Conversation string
	Prefix       int64
	// Cached is how much of the prompt every organisation has in its cache.
	Cached int64
	// Batch marks requests that nobody is waiting for.
	Batch bool
}
