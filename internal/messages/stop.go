package messages

import "github.com/tidwall/gjson"

// stopReasons maps finish_reason. What is not listed ends an answer too.
var stopReasons = map[string]string{
	"stop":           "end_turn",
	"length":         "max_tokens",
	"tool_calls":     "tool_use",
	"function_call":  "tool_use",
	"content_filter": "refusal",
}

// nativeReasons are Anthropic's own, which some gateways, and dialects of ours,
// give beside OpenAI's. One that needs more than the word is not taken over:
// pause_turn asks the client to send back what it cannot have seen, and
// stop_sequence comes with the sequence.
var nativeReasons = map[string]bool{
	"end_turn": true, "max_tokens": true, "tool_use": true, "refusal": true,
	"model_context_window_exceeded": true,
}

// ending is how an answer ended.
type ending struct {
	reason   string
	sequence string // raw JSON: the stop sequence, or null
}

// readEnding reads a choice. called and refused say what the answer holds: some
// servers end with "stop" what has tool calls, and the client must run them.
func readEnding(choice gjson.Result, called, refused bool) ending {
	finish := choice.Get("finish_reason").Str
	e := ending{reason: stopReasons[finish], sequence: "null"}
	if native := choice.Get("native_finish_reason").Str; nativeReasons[native] {
		e.reason = native
	}
	switch {
	case called && (finish == "stop" || e.reason == ""):
		e.reason = "tool_use"
	case refused:
		e.reason = "refusal"
	case e.reason == "":
		e.reason = "end_turn"
	}
	// vLLM says which sequence it was.
	if s := choice.Get("stop_reason"); isString(s) && finish == "stop" && e.reason == "end_turn" {
		e = ending{"stop_sequence", s.Raw}
	}
	return e
}

func (e ending) append(dst []byte) []byte {
	dst = append(append(dst, `"stop_reason":"`...), e.reason...)
	return append(append(dst, `","stop_sequence":`...), e.sequence...)
}
