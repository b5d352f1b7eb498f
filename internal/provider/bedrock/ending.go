package bedrock

import (
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// malformed is the fault of an answer that the model has spoilt: Bedrock could
// not make out its tool call, or anything at all. Another try may well do.
func malformed(stopReason string) error {
	switch stopReason {
	case "malformed_model_output", "malformed_tool_use":
		return &upstream.Fault{
			Class: upstream.Provider, Code: stopReason,
			Message: "the model's output could not be read by its host; try again",
		}
	}
	return nil
}

// appendStop writes stop_reason. Most of Converse's reasons are those of
// Messages; what a filter or a guardrail held back is a refusal there.
func appendStop(w *writer, reason gjson.Result) {
	w.key("stop_reason")
	switch {
	case reason.Str == "guardrail_intervened", reason.Str == "content_filtered":
		w.text("refusal")
	case isString(reason):
		w.raw(reason.Raw)
	default:
		w.raw("null")
	}
	w.key("stop_sequence").raw("null")
}

// appendUsage writes Converse's usage as that of Messages. Both count the input
// without what was read from the cache or written to it. (AWS docs, Bedrock API
// reference, TokenUsage.)
func appendUsage(w *writer, usage gjson.Result) {
	w.open('{')
	for _, n := range [...]struct{ from, to string }{
		{"inputTokens", "input_tokens"}, {"outputTokens", "output_tokens"},
		{"cacheReadInputTokens", "cache_read_input_tokens"}, {"cacheWriteInputTokens", "cache_creation_input_tokens"},
	} {
		w.key(n.to).number(max(0, usage.Get(n.from).Int()))
	}
	if details := arrayOf(usage.Get("cacheDetails")); len(details) > 0 {
		w.key("cache_creation").open('{')
		for _, d := range details {
			if ttl := d.Get("ttl").Str; ttl == "5m" || ttl == "1h" {
				w.key("ephemeral_" + ttl + "_input_tokens").number(max(0, d.Get("inputTokens").Int()))
			}
		}
		w.end('}')
	}
	w.end('}')
}
