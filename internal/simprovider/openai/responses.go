package openai

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

// Responses speaks POST /v1/responses. What is asked in it is understood as the
// same conversation would be in Chat Completions, and limited as that would be.
// It keeps no state: a request that refers to an earlier response is refused.
type Responses struct{ Dialect }

// Parse reads the body of POST /v1/responses.
func (d Responses) Parse(body []byte, h http.Header) (*dialogue.Prompt, *dialogue.Refusal) {
	if !gjson.ValidBytes(body) || !gjson.ParseBytes(body).IsObject() {
		return d.Dialect.Parse(body, h)
	}
	top := gjson.ParseBytes(body)
	chat, bad := chatOf(top)
	if bad != nil {
		return nil, bad
	}
	p, bad := d.Dialect.Parse(chat, h)
	if bad != nil {
		bad.Param = strings.Replace(bad.Param, "messages", "input", 1)
		return nil, bad
	}
	// Models of OpenAI think unasked; here only those do that were asked, so that
	// one prompt has one answer however it is asked.
	if effort := top.Get("reasoning.effort").Str; effort != "" && effort != "none" {
		p.Thinking, p.ShowThinking = true, top.Get("reasoning.summary").Str != ""
	}
	p.Encrypted = strings.Contains(top.Get("include").Raw, `"reasoning.encrypted_content"`)
	return p, nil
}

// chatOf makes a chat request of a request for a response.
func chatOf(top gjson.Result) ([]byte, *dialogue.Refusal) {
	if id := top.Get("previous_response_id").Str; id != "" {
		return nil, &dialogue.Refusal{Status: http.StatusBadRequest, Type: "invalid_request_error", Code: "previous_response_not_found",
			Param: "previous_response_id", Message: "Previous response with id '" + id + "' not found.", Cause: "invalid"}
	}
	chat := map[string]any{"model": top.Get("model").Value()}
	for from, to := range map[string]string{
		"stream": "stream", "temperature": "temperature", "top_p": "top_p", "parallel_tool_calls": "parallel_tool_calls",
		"max_output_tokens": "max_completion_tokens",
	} {
		if v := top.Get(from); v.Exists() {
			chat[to] = json.RawMessage(v.Raw)
		}
	}
	if top.Get("input").Exists() {
		chat["messages"] = messagesOf(top)
	}
	if tools := toolsOf(top.Get("tools")); tools != nil {
		chat["tools"] = tools
		chat["tool_choice"] = choiceOf(top.Get("tool_choice"))
	}
	if f := top.Get("text.format"); f.Get("type").Str == "json_schema" {
		chat["response_format"] = map[string]any{"type": "json_schema", "json_schema": json.RawMessage(f.Raw)}
	} else if f.Exists() {
		chat["response_format"] = json.RawMessage(f.Raw)
	}
	return marshal(chat), nil
}

// messagesOf reads instructions and input. Calls that follow each other are one
// message, as the calls of one turn are in Chat Completions.
func messagesOf(top gjson.Result) []any {
	messages := []any{}
	if text := top.Get("instructions").Str; text != "" {
		messages = append(messages, map[string]any{"role": "system", "content": text})
	}
	input := top.Get("input")
	if input.Type == gjson.String {
		return append(messages, map[string]any{"role": "user", "content": input.Str})
	}
	var calls []any
	flush := func() {
		if calls != nil {
			messages, calls = append(messages, map[string]any{"role": "assistant", "tool_calls": calls}), nil
		}
	}
	for _, item := range input.Array() {
		switch kind := item.Get("type").Str; kind {
		case "function_call":
			calls = append(calls, map[string]any{"id": item.Get("call_id").Str, "type": "function",
				"function": map[string]any{"name": item.Get("name").Str, "arguments": item.Get("arguments").Str}})
		case "reasoning": // says nothing that was said
		case "function_call_output":
			flush()
			messages = append(messages, map[string]any{"role": "tool", "tool_call_id": item.Get("call_id").Str, "content": textOf(item.Get("output"))})
		default:
			flush()
			messages = append(messages, map[string]any{"role": item.Get("role").Str, "content": contentOf(item.Get("content"))})
		}
	}
	flush()
	return messages
}

// textOf is a text or the texts of parts.
func textOf(v gjson.Result) string {
	if !v.IsArray() {
		return v.String()
	}
	var texts []string
	for _, part := range v.Array() {
		texts = append(texts, part.Get("text").Str)
	}
	return strings.Join(texts, "\n")
}

// contentOf gives parts the names that they have in Chat Completions.
func contentOf(v gjson.Result) any {
	if !v.IsArray() {
		return v.Value()
	}
	parts := []any{}
	for _, part := range v.Array() {
		switch kind := part.Get("type").Str; kind {
		case "input_text", "output_text":
			parts = append(parts, map[string]any{"type": "text", "text": part.Get("text").Str})
		case "input_image":
			parts = append(parts, map[string]any{"type": "image_url", "image_url": map[string]any{"url": part.Get("image_url").Str}})
		case "input_file":
			parts = append(parts, map[string]any{"type": "file", "file": map[string]any{"file_data": part.Get("file_data").Str}})
		default:
			parts = append(parts, map[string]any{"type": kind})
		}
	}
	return parts
}

// toolsOf nests what is flat here. Hosted tools are never called.
func toolsOf(v gjson.Result) (tools []any) {
	for _, tool := range v.Array() {
		if tool.Get("type").Str == "function" {
			tools = append(tools, map[string]any{"type": "function", "function": json.RawMessage(tool.Raw)})
		}
	}
	return tools
}

func choiceOf(v gjson.Result) any {
	if v.Get("type").Str == "function" {
		return map[string]any{"type": "function", "function": map[string]any{"name": v.Get("name").Str}}
	}
	return v.Value()
}
