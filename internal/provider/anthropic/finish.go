package anthropic

import "github.com/tidwall/gjson"

// finishReasons maps stop_reason. What is not listed ends an answer too, so it
// becomes "stop"; the provider's own word stands in native_finish_reason. A
// paused turn is such an end: to continue it is another request, which only
// the client can make, by sending the message back with its server_blocks.
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
	sequence   string // the stop sequence that was met
	details    string // stop_details
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
	if s := v.Get("stop_sequence"); isString(s) {
		e.sequence = s.Raw
	}
	if d := v.Get("stop_details"); d.IsObject() {
		e.details = d.Raw
	}
	if stop.Str == "refusal" {
		e.refusal = `"The provider's safety system declined to answer."`
		if why := v.Get("stop_details.explanation"); isString(why) && why.Str != "" {
			e.refusal = why.Raw
		}
	}
	return e
}

// settle corrects the reason by what the calls of the answer were for.
func (e *ending) settle(c counts) {
	switch {
	case e.reason != "tool_calls":
	case c.legacy:
		e.reason = "function_call"
	case c.calls == 0 && c.answers > 0:
		e.reason = "stop"
	}
}

// appendEnding writes the finish fields of a choice. native_finish_reason is an
// extension that several gateways share.
func appendEnding(dst []byte, e ending) []byte {
	dst = append(append(dst, `"finish_reason":"`...), e.reason...)
	dst = append(append(dst, `","native_finish_reason":`...), e.stopReason...)
	if e.sequence != "" {
		dst = append(append(dst, `,"stop_sequence":`...), e.sequence...)
	}
	if e.details != "" {
		dst = append(append(dst, `,"stop_details":`...), e.details...)
	}
	return dst
}
