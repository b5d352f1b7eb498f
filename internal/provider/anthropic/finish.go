package anthropic

import "github.com/tidwall/gjson"

// finishReasons maps stop_reason. What is not listed ends an answer too, so it
// becomes "stop"; the provider's own word stands in native_finish_reason.
var finishReasons = map[string]string{
	"end_turn":                      "stop",
	"stop_sequence":                 "stop",
	"pause_turn":                    "stop",
	"tool_use":                      "tool_calls",
	"max_tokens":                    "length",
	"model_context_window_exceeded": "length",
	"refusal":                       "content_filter",
}

// ending is how an answer ended. Its strings are raw JSON or empty.
type ending struct {
	stopReason string // Anthropic's
	reason     string // OpenAI's, not raw
	refusal    string // the text of a refusal
}

// readEnding reads stop_reason and stop_details, which stand in a message and
// in the delta of a message_delta.
func readEnding(v gjson.Result) ending {
	stop := v.Get("stop_reason")
	e := ending{stopReason: "null", reason: "stop"}
	if isString(stop) {
		e.stopReason = stop.Raw
	}
	if reason, ok := finishReasons[stop.Str]; ok {
		e.reason = reason
	}
	if stop.Str == "refusal" {
		e.refusal = `"The provider's safety system declined to answer."`
		if why := v.Get("stop_details.explanation"); isString(why) && why.Str != "" {
			e.refusal = why.Raw
		}
	}
	return e
}

// appendEnding writes the finish fields of a choice. native_finish_reason is an
// extension that several gateways share.
func appendEnding(dst []byte, e ending) []byte {
	dst = append(append(dst, `"finish_reason":"`...), e.reason...)
	return append(append(dst, `","native_finish_reason":`...), e.stopReason...)
}
