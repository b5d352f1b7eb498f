package upstream

import "time"

// Signals is what the headers of any answer, success or refusal, say about
// the quota behind the key that asked.
type Signals struct {
	// Owner identifies who holds the quota (organisation, and workspace where
	// the provider names one). Empty when the answer did not say. It is the
	// provider's own id: hash it before it is stored or shown.
	Owner string
	// Limits holds one entry for each dimension that the headers described.
	Limits []Limit
}

// Dimension is a thing a provider counts.
type Dimension string

// The dimensions.
const (
	Requests     Dimension = "requests"
	InputTokens  Dimension = "input_tokens"
	OutputTokens Dimension = "output_tokens"
	Tokens       Dimension = "tokens" // input and output together
)

// Limit is the state of one dimension as the provider reported it.
type Limit struct {
	Dimension Dimension
	// PerMinute is the size of the limit; Remaining what was left of it when
	// the answer's headers were written (rounded by some providers: to the
	// nearest 1,000 tokens by Anthropic). Both are >= 0.
	PerMinute, Remaining int64
	// FullAt is when the bucket is completely full again, which is later than
	// when the next request would pass. Zero when unknown.
	FullAt time.Time
}

// Usage is what one request consumed.
type Usage struct {
	// InputTokens excludes cache reads and cache writes.
	InputTokens, CacheReadTokens, CacheWriteTokens int64
	// CacheWriteHourTokens is the part of CacheWriteTokens that is kept for an
	// hour, where a provider says so; it has a price of its own.
	CacheWriteHourTokens int64
	// OutputTokens includes ReasoningTokens.
	OutputTokens, ReasoningTokens int64
	// Exact is false when the stream broke before the provider reported and
	// the figures are what was known by then.
	Exact bool
}
