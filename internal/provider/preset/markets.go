package preset

import (
	"strings"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// markets serve the models of others. Their limits follow the use and the
// capacity of the moment, by the second, so there is no quota to book by: a
// refusal's rest is all that helps.
var markets = map[string]Preset{
	"openrouter": {
		Source: "openrouter.ai/docs/api: reference/limits, reference/errors-and-debugging, reference/streaming", Read: "2026-11",
		Server: openai.Config{
			BaseURL: "https://openrouter.ai/api/v1",
			APIs:    []provider.API{provider.Responses, provider.Completions, provider.Embeddings},
			// Headers come with refusals only, and the reset is a date in Unix
			// milliseconds. While a request waits ": OPENROUTER PROCESSING" comes.
			Limits:      []openai.Limit{},
			RetryHeader: "X-Ratelimit-Reset",
			Family:      openRouterFamily,
			Rules: openai.Rules{
				// The limit of whoever serves the model there: other keys of ours
				// would meet it too.
				{Status: 429, Text: "provider returned error", Class: upstream.Overload},
				{Status: 429, Text: "rate-limited upstream", Class: upstream.Overload},
				{Status: 403, Text: "key limit exceeded", Class: upstream.SpendCap},
				{Status: 400, Text: "is not a valid model id", Class: upstream.UnknownModel},
			},
		},
	},
	"together": {
		Source: "docs.together.ai: rate-limits, error-codes, openai-api-compatibility", Read: "2026-11",
		Server: openai.Config{
			BaseURL: "https://api.together.xyz/v1",
			APIs: []provider.API{provider.Completions, provider.Embeddings, provider.Images, provider.Speech,
				provider.Transcriptions, provider.Translations, provider.Rerank},
			Limits:      []openai.Limit{},
			RetryHeader: "X-Ratelimit-Reset",
			Rules: openai.Rules{
				{Word: "model_not_available", Class: upstream.UnknownModel},
				{Status: 403, Text: "context length", Class: upstream.Context},
				{Status: 422, Text: "`max_new_tokens` must be <=", Class: upstream.Context},
			},
		},
	},
	"fireworks": {
		Source: "docs.fireworks.ai: serverless/rate-limits, serverless/overview, guides/inference-error-codes", Read: "2026-11",
		Server: openai.Config{
			BaseURL: "https://api.fireworks.ai/inference/v1",
			APIs:    []provider.API{provider.Responses, provider.Completions, provider.Embeddings, provider.Rerank},
			// The headers x-ratelimit-limit-tokens-{prompt,generated} are tokens per
			// second, adapt to the use, and come without a remainder.
			Limits: []openai.Limit{},
			Rules: openai.Rules{
				{Status: 412, Text: "suspended", Class: upstream.Billing},
				{Status: 404, Text: "not found, inaccessible", Class: upstream.UnknownModel},
			},
		},
	},
}

// openRouterFamily: the free variants of all models share one limit for each
// account; what is paid for has none that is told.
func openRouterFamily(model string) string {
	if strings.HasSuffix(model, ":free") {
		return ":free"
	}
	return model
}
