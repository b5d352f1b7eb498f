package preset

import (
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// hosted are providers with limits of their own. Their tokens per minute count
// prompt and output together, except DeepSeek's, which has none.
var hosted = map[string]Preset{
	"groq": {
		Source: "console.groq.com/docs: rate-limits, errors, spend-limits, api-reference", Read: "2026-11",
		Prepaid: true, CachedFree: true,
		Server: openai.Config{
			BaseURL: "https://api.groq.com/openai/v1",
			APIs:    []provider.API{provider.Responses, provider.Speech, provider.Transcriptions, provider.Translations},
			// The same names as OpenAI's, but requests are per day. Tokens per day
			// are in no header; a refusal for them has a retry-after.
			Limits: []openai.Limit{
				openai.XRateLimit(upstream.Requests, "requests").PerDay(),
				openai.XRateLimit(upstream.Tokens, "tokens"),
			},
			Rules: openai.Rules{
				{Word: "organization_restricted", Class: upstream.Hold},
				{Word: "blocked_api_access", Class: upstream.SpendCap},
				{Word: "model_terms_required", Class: upstream.Permission},
				{Word: "model_decommissioned", Class: upstream.UnknownModel},
			},
		},
	},
	"mistral": {
		Source: "docs.mistral.ai: api, capabilities; headers and codes as seen in answers", Read: "2026-11",
		Prepaid: true,
		Server: openai.Config{
			BaseURL: "https://api.mistral.ai/v1",
			APIs:    []provider.API{provider.Embeddings, provider.Moderations, provider.Transcriptions},
			// Unknown fields are a 422 (extra_forbidden). The last chunk of a stream
			// has the usage without being asked for it.
			OmitStreamUsage: true,
			Params: map[string]string{
				"max_completion_tokens": "max_tokens",
				"stream_options":        "", "store": "", "user": "",
			},
			Limits: []openai.Limit{
				openai.XRateLimit(upstream.Requests, "req-minute"),
				openai.XRateLimit(upstream.Tokens, "tokens-minute"),
				{Dimension: upstream.Tokens, Size: "X-Ratelimitbysize-Limit-Minute", Remaining: "X-Ratelimitbysize-Remaining-Minute", Reset: "Ratelimitbysize-Reset"},
			},
			ZeroIsNone: true, // "x-ratelimit-limit-req-minute: 0": not in the workspace's plan
			Rules: openai.Rules{
				{Word: "service_tier_capacity_exceeded", Class: upstream.Overload},
				{Word: "3505", Class: upstream.Overload}, // the same as a code
				{Word: "invalid_model", Class: upstream.UnknownModel},
			},
		},
	},
	"deepseek": {
		Source: "api-docs.deepseek.com: quick_start/rate_limit, quick_start/error_codes", Read: "2026-11",
		Server: openai.Config{
			BaseURL: "https://api.deepseek.com/v1",
			APIs:    []provider.API{},
			Limits:  []openai.Limit{},
			Rules: openai.Rules{
				{Status: 400, Text: "model not exist", Class: upstream.UnknownModel},
				// The only limit is how many requests run at once. While one waits to
				// begin, blank lines or ": keep-alive" come, which JSON and SSE allow.
				{Status: 429, Class: upstream.Concurrency},
			},
		},
	},
	"cerebras": {
		Source: "inference-docs.cerebras.ai: support/rate-limits, support/error", Read: "2026-11",
		Prepaid: true,
		Server: openai.Config{
			BaseURL: "https://api.cerebras.ai/v1",
			APIs:    []provider.API{provider.Completions},
			// Resets are in seconds.
			Limits: []openai.Limit{
				openai.XRateLimit(upstream.Requests, "requests-day").PerDay(),
				openai.XRateLimit(upstream.Tokens, "tokens-day").PerDay(),
				openai.XRateLimit(upstream.Requests, "requests-minute"),
				openai.XRateLimit(upstream.Tokens, "tokens-minute"),
			},
			Rules: openai.Rules{
				{Word: "queue_exceeded", Class: upstream.Overload}, // a 429, but everybody's
				{Word: "wrong_api_key", Class: upstream.Auth},
			},
		},
	},
	"xai": {
		Source: "docs.x.ai: docs/api-reference, docs/key-information; refusals as seen in answers", Read: "2026-11",
		Prepaid: true,
		Server: openai.Config{
			BaseURL: "https://api.x.ai/v1",
			APIs:    []provider.API{provider.Responses, provider.Images},
			Rules: openai.Rules{
				{Status: 403, Text: "used all available credits", Class: upstream.Billing},
				{Status: 429, Text: "used all available credits", Class: upstream.Billing},
				{Status: 403, Text: "doesn't have any credits", Class: upstream.Billing},
				// The input was refused, not the key.
				{Status: 403, Text: "content violates usage guidelines", Class: upstream.Client},
			},
		},
	},
}
