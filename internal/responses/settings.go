package responses

import (
	"github.com/tidwall/gjson"
)

// writeText translates the form of the answer.
func (e *encoder) writeText() error {
	text := e.req.Get("text")
	if v := text.Get("verbosity"); given(v) {
		e.field("verbosity", v.Raw)
	}
	format := text.Get("format")
	switch kind := format.Get("type").Str; {
	case !given(format), kind == "text":
		return nil
	case kind == "json_object":
		e.field("response_format", `{"type":"json_object"}`)
		return nil
	case kind == "json_schema":
		e.field("response_format", jsonSchema(format))
		return nil
	}
	return fault("text.format.type", "must be text, json_object or json_schema")
}

// jsonSchema nests what stands side by side here.
func jsonSchema(format gjson.Result) string {
	b := add(nil, `{"type":"json_schema","json_schema":{`)
	for _, name := range [...]string{"name", "description", "schema", "strict"} {
		if v := format.Get(name); given(v) {
			b = add(next(b), `"`, name, `":`, v.Raw)
		}
	}
	return string(append(b, "}}"...))
}

// writeReasoning translates the effort. What is asked of the summary decides in
// which form the answer shows its reasoning.
func (e *encoder) writeReasoning() error {
	e.req.Get("reasoning").ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "effort":
			if given(v) {
				e.field("reasoning_effort", v.Raw)
			}
		case "summary", "generate_summary":
		default:
			if !isEmpty(v) {
				e.drop("reasoning." + name.Str)
			}
		}
		return true
	})
	return nil
}

// writeInclude honours what an answer of Chat Completions can hold as well.
func (e *encoder) writeInclude() error {
	top := e.req.Get("top_logprobs")
	wanted := top.Num > 0
	e.req.Get("include").ForEach(func(_, v gjson.Result) bool {
		switch v.Str {
		case "reasoning.encrypted_content": // is always there
		case "message.output_text.logprobs":
			wanted = true
		default:
			e.drop("include")
		}
		return true
	})
	if wanted {
		e.field("logprobs", "true")
	}
	if top.Num > 0 {
		e.field("top_logprobs", top.Raw)
	}
	return nil
}

// read are the fields that other steps have dealt with.
var read = map[string]bool{
	"model": true, "input": true, "instructions": true, "tools": true, "tool_choice": true,
	"text": true, "reasoning": true, "include": true, "top_logprobs": true,
	"previous_response_id": true, "conversation": true, "background": true, "prompt": true,
	"stream": true, "parallel_tool_calls": true,
	"client_metadata": true, // Codex tells OpenAI of itself
}

// unknown are the fields that Chat Completions has no counterpart of, and those
// of its own which would contradict what is written here.
var unknown = map[string]bool{
	"truncation": true, "max_tool_calls": true, "context_management": true, "moderation": true,
	"image": true, "access_programs": true, "prompt_cache_options": true, "store": true, "stream_options": true,

	"messages": true, "max_tokens": true, "max_completion_tokens": true, "response_format": true,
	"reasoning_effort": true, "verbosity": true, "logprobs": true, "functions": true, "function_call": true,
	"n": true, "modalities": true, "audio": true,
}

// writeRest copies the fields that mean the same in both APIs, and those that
// OpenAI does not have: they are meant for the provider behind.
func (e *encoder) writeRest() error {
	// Asking for the names alone does not copy the body, as parsing it again would.
	gjson.GetBytes(e.req.Raw, "@keys").ForEach(func(_, key gjson.Result) bool {
		name := key.Str
		v := e.req.Get(name)
		switch {
		case read[name] || !v.Exists():
		case name == "max_output_tokens":
			// The newer max_completion_tokens is refused or, worse, overlooked by
			// servers that were compatible before OpenAI renamed it.
			e.field("max_tokens", v.Raw)
		case !unknown[name]:
			e.b = add(next(e.b), key.Raw, ":", v.Raw)
		case asks(name, v):
			e.drop(name)
		}
		return true
	})
	if e.req.Stream {
		e.field("stream", "true")
		e.field("stream_options", `{"include_usage":true}`)
	}
	return nil
}

// asks reports whether leaving a field out changes anything.
func asks(name string, v gjson.Result) bool {
	switch name {
	case "truncation":
		return v.Str != "disabled"
	case "stream_options": // obfuscation pads events against eavesdroppers
		return v.Get("include_obfuscation").Type == gjson.True
	}
	return !isEmpty(v)
}
