package anthropic

import "github.com/tidwall/gjson"

// honoured are the fields of a request that are translated, passed on, refused
// by name, or used by the gateway itself (prompt_cache_key chooses a key). Any
// other field is left out, whether OpenAI has it or not.
var honoured = map[string]bool{
	"model": true, "messages": true, "stream": true, "stream_options": true,
	"max_tokens": true, "max_completion_tokens": true, "stop": true,
	"temperature": true, "top_p": true, "top_k": true,
	"tools": true, "tool_choice": true, "parallel_tool_calls": true,
	"functions": true, "function_call": true, "web_search_options": true, "mcp_servers": true,
	"response_format": true, "reasoning_effort": true, "thinking": true, "verbosity": true,
	"user": true, "safety_identifier": true, "metadata": true, "service_tier": true,
	"n": true, "logprobs": true, "top_logprobs": true, "modalities": true, "audio": true,
	"prompt_cache_key": true, "prompt_cache_retention": true, "prompt_cache_options": true,
	"cache_control": true, "inference_geo": true, "context_management": true, "anthropic_beta": true,
	"container": true, "speed": true, "fallbacks": true, "input_transformations": true, "diagnostics": true,
}

const (
	// maxDropped bounds a response header that repeats names which the client
	// made up, and maxHeaderName each of them.
	maxDropped    = 20
	maxHeaderName = 64
)

// dropUnknown notes the fields that are left out, in the client's order, if
// leaving them out changes anything: "frequency_penalty": 0 asks for nothing.
func (e *encoder) dropUnknown() error {
	// Asking for the names alone does not copy the body, as parsing it again would.
	gjson.GetBytes(e.req.Raw, "@keys").ForEach(func(_, name gjson.Result) bool {
		if !honoured[name.Str] && isHeaderName(name.Str) && !isInert(e.get(name.Str)) {
			e.drop(name.Str)
		}
		return len(e.dropped) < maxDropped
	})
	return nil
}

// isHeaderName keeps what could break out of a header, or fill it, from being
// put there.
func isHeaderName(s string) bool {
	return len(s) <= maxHeaderName && isWord(s)
}

// isWord reports whether s is not empty and consists of letters, digits, "_"
// and "-" only. Tool ids and beta names have to, too.
func isWord(s string) bool {
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isWordByte(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// refuse rejects what cannot be left out, because the client would read its
// result, and what means nothing.
func (e *encoder) refuse() error {
	if v := e.get("n"); v.Num > 1 {
		return paramError("n", "must be 1: the model %s gives one answer; send several requests instead", e.model)
	}
	for _, name := range [...]string{"logprobs", "top_logprobs"} {
		if !isInert(e.get(name)) {
			return paramError(name, "the model %s gives no log probabilities; leave it out", e.model)
		}
	}
	if e.get("audio").Exists() {
		return paramError("audio", "the model %s does not speak; leave it out", e.model)
	}
	for _, m := range e.get("modalities").Array() {
		if m.Str != "text" {
			return paramError("modalities", "only %q can be produced, not %q", "text", m.Str)
		}
	}
	if v := e.get("verbosity"); v.Exists() && v.Str != "low" && v.Str != "medium" && v.Str != "high" {
		return paramError("verbosity", "must be low, medium or high")
	}
	return nil
}
