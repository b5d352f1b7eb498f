package openai

import (
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Config says whom the dialect speaks to. Its zero value is OpenAI.
type Config struct {
	// Compatible is for servers that are not OpenAI: what is left empty below is
	// then unknown rather than as OpenAI has it.
	Compatible bool
	// BaseURL is where requests go when a pool names no base_url. It includes the
	// version, as in https://api.groq.com/openai/v1. Empty means OpenAI's, or for
	// a compatible server that base_url is required.
	BaseURL string
	// APIs are what the server has beside Chat Completions. Nil means OpenAI's
	// own, or for a compatible server all but Responses: that one can be
	// translated to Chat Completions, which works everywhere, while for the
	// others there is nothing to do but to ask.
	APIs []provider.API
	// OmitStreamUsage leaves stream_options as the client sent it. By default a
	// stream is asked for its usage even if the client did not, because without
	// it a booking cannot be settled by real figures; but some compatible servers
	// refuse the field.
	OmitStreamUsage bool
	// Params are top-level fields of a chat request that the server refuses, with
	// the name that it has for each; an empty name leaves the field out, and so
	// does a name that the request uses as well.
	Params map[string]string
	// Rules are what the server means by some of its refusals. They go before
	// what holds for all servers; of several that apply the first counts.
	Rules Rules
	// Limits are the headers in which the server describes its limits. Nil means
	// OpenAI's, which many have copied; empty means that there are none to be
	// relied on.
	Limits []Limit
	// RetryHeader names a header that tells on a refusal when to come back, for
	// servers that send no retry-after: seconds from now, a duration such as
	// "6m0s", or a date in Unix seconds or milliseconds. Empty means none.
	RetryHeader string
	// ZeroIsNone says that a refusal whose headers show a limit of 0 means that
	// the key has no quota for the model at all. By default such a limit is
	// ignored: some servers write 0 for "not told".
	ZeroIsNone bool
	// Family names the quota family of a model; nil means by OpenAI's rules.
	Family func(model string) string
}

// Rules are searched from the first on.
type Rules []Rule

// Rule gives a refusal its class. Empty conditions hold for every refusal.
type Rule struct {
	// Status is the answer's, or the one that a numeric code inside a stream
	// stands for.
	Status int
	// Word is the error's code or type.
	Word string
	// Text is a part of the message, in lower case.
	Text  string
	Class upstream.Class
}

// Limit names the headers that describe one limit.
type Limit struct {
	Dimension upstream.Dimension
	// Size, Remaining and Reset are names of headers.
	Size, Remaining, Reset string
	// Per is the time that the limit is for; 0 means a minute. What is for longer
	// is not reported: a booking counts by the minute, and a day's remainder says
	// nothing about what may be sent in the next one.
	Per time.Duration
}

// openAILimits are OpenAI's. The tokens' limit comes twice where a project has a
// lower one of its own, and whichever of the two has less left is the one that
// counts. (OpenAI docs, guides/rate-limits, "Rate limits in headers".)
var openAILimits = []Limit{
	XRateLimit(upstream.Requests, "requests"),
	XRateLimit(upstream.Tokens, "tokens"),
	XRateLimit(upstream.Tokens, "project-tokens"),
}

// XRateLimit is a limit in headers of the form x-ratelimit-limit-{suffix}, as
// OpenAI names them, for a minute.
func XRateLimit(d upstream.Dimension, suffix string) Limit {
	return Limit{Dimension: d, Size: "X-Ratelimit-Limit-" + suffix, Remaining: "X-Ratelimit-Remaining-" + suffix, Reset: "X-Ratelimit-Reset-" + suffix}
}

// PerDay is l for a day.
func (l Limit) PerDay() Limit {
	l.Per = 24 * time.Hour
	return l
}

func (c Config) limits() []Limit {
	if c.Limits == nil {
		return openAILimits
	}
	return c.Limits
}
