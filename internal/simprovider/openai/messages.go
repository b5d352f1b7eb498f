package openai

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/tidwall/gjson"
)

func (p *parser) messages(list gjson.Result) {
	p.required(list, "messages")
	p.must(list.IsArray(), "messages", "invalid_type", "Invalid type for 'messages': expected an array of objects.")
	all := list.Array()
	p.must(len(all) > 0, "messages", "empty_array", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	open := map[string]bool{} // calls of the last assistant message without an answer
	for i, m := range all {
		param, role := fmt.Sprintf("messages[%d]", i), m.Get("role").Str
		p.oneOf(role, param+".role", "system", "assistant", "user", "function", "tool", "developer")
		if role == "tool" {
			id := m.Get("tool_call_id").Str
			p.must(open[id], param+".role", "", "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
			delete(open, id)
		} else {
			p.answered(open, param)
		}
		if role == "assistant" {
			p.calls(m.Get("tool_calls"), param, open)
		}
		p.content(m, role, param)
	}
	p.answered(open, fmt.Sprintf("messages[%d].role", len(all)))
}

func (p *parser) answered(open map[string]bool, param string) {
	for id := range open {
		p.must(false, param, "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: "+id)
	}
}

func (p *parser) calls(list gjson.Result, param string, open map[string]bool) {
	p.must(!list.IsArray() || len(list.Array()) > 0, param+".tool_calls", "empty_array", "Invalid '"+param+".tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	for i, c := range list.Array() {
		at := fmt.Sprintf("%s.tool_calls[%d]", param, i)
		p.required(c.Get("id"), at+".id")
		p.oneOf(c.Get("type").Str, at+".type", "function", "custom")
		if c.Get("type").Str == "function" {
			p.required(c.Get("function.name"), at+".function.name")
			p.must(c.Get("function.arguments").Type == gjson.String, at+".function.arguments", "invalid_type", "Invalid type for '"+at+".function.arguments': expected a string.")
		}
		open[c.Get("id").Str] = true
	}
}

// content reads what a message says and remembers what the last turn said. A
// turn begins with the first message that is neither the user's nor a tool's.
func (p *parser) content(m gjson.Result, role, param string) {
	c := m.Get("content")
	required := role != "assistant" || !m.Get("tool_calls").Exists() && !m.Get("function_call").Exists() && !m.Get("refusal").Exists()
	p.must(!required || c.Type == gjson.String || c.IsArray(), param+".content", "invalid_type",
		"Invalid value for 'content': expected a string, got null.")
	var texts []string
	if c.Type == gjson.String {
		texts = append(texts, c.Str)
	} else {
		for i, part := range c.Array() {
			if text := p.part(part, fmt.Sprintf("%s.content[%d]", param, i)); text != "" {
				texts = append(texts, text)
			}
		}
	}
	text := strings.Join(texts, "\n")
	switch role {
	case "assistant":
		p.prompt.Text, p.prompt.Results, p.prompt.Media = "", nil, nil
	case "user":
		p.prompt.Text = strings.TrimPrefix(p.prompt.Text+"\n"+text, "\n")
		// What the user says after results is a new question.
		p.prompt.Results = nil
	case "tool":
		p.prompt.Results = append(p.prompt.Results, text)
	}
}

// part reads one content part and returns its text, if it is one.
func (p *parser) part(part gjson.Result, param string) string {
	kind := part.Get("type").Str
	p.oneOf(kind, param+".type", "text", "image_url", "input_audio", "refusal", "file")
	switch kind {
	case "text":
		p.required(part.Get("text"), param+".text")
		return part.Get("text").Str
	case "image_url":
		p.required(part.Get("image_url.url"), param+".image_url.url")
		p.attach(part.Get("image_url.url").Str, param+".image_url.url")
	case "file":
		p.attach(part.Get("file.file_data").Str, param+".file.file_data")
	}
	return ""
}

// attach reads a data URL or notes a reference.
func (p *parser) attach(url, param string) {
	rest, inline := strings.CutPrefix(url, "data:")
	p.media++
	if !inline {
		p.prompt.Media = append(p.prompt.Media, dialogue.Media{Type: "url"})
		return
	}
	p.mediaBytes += len(url)
	mediaType, data, ok := strings.Cut(rest, ";base64,")
	raw, err := base64.StdEncoding.DecodeString(data)
	p.must(ok && err == nil, param, "invalid_base64", "Invalid '"+param+"'. Expected a base64-encoded data URL.")
	p.prompt.Media = append(p.prompt.Media, dialogue.Media{Type: mediaType, Bytes: len(raw)})
}
