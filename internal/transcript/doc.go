// Package transcript finds what was said in the bodies of requests and answers:
// the texts, without the pictures, ids and settings around them. It is for logs
// that people read, so it is lenient, bounded, and knows no API: what Chat
// Completions, Messages, Responses and their kin call the places where text
// stands is told apart by name alone.
package transcript

import (
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth bounds how deep a document is looked into; a tool call's input in a
// message of Messages stands six levels down.
const maxDepth = 24

// The fields of a body below which the texts stand. What else a body has, such as
// the definitions of tools, is the same every time or a setting.
var (
	asked    = set("system", "instructions", "messages", "input", "prompt", "suffix", "query", "documents")
	answered = set("choices", "content", "output", "text")
)

// silent are the fields below those that say nothing, or nothing in letters.
// "logprobs" is among them for another reason: it repeats the answer token by
// token, in which no rule would recognise what it should take out.
var silent = set(
	"type", "id", "role", "object", "status", "model", "index", "phase", "finish_reason", "stop_reason",
	"tool_call_id", "tool_use_id", "call_id", "item_id", "file_id", "cache_control", "signature", "encrypted_content",
	"media_type", "mime_type", "format", "detail", "data", "file_data", "b64_json", "logprobs", "annotations", "obfuscation",
)

// plain are those whose name adds nothing to what they say. Others are written
// with it, since a rule may go by that: "secret_access_key: …".
var plain = set(
	"content", "text", "input", "output", "prompt", "suffix", "query", "documents", "messages", "system", "instructions",
	"choices", "message", "parts", "function", "arguments", "source", "summary", "output_text", "text_delta",
)

func set(names ...string) map[string]bool {
	s := make(map[string]bool, len(names))
	for _, n := range names {
		s[n] = true
	}
	return s
}

// walker goes through a document and writes each text on a line of its own.
type walker struct {
	write func(string)
	roles bool // say who speaks
	begun bool
	role  string // of the message that begins; written before its first text
}

// document writes the texts below the given fields of a body.
func (w *walker) document(body []byte, below map[string]bool) {
	gjson.ParseBytes(body).ForEach(func(name, v gjson.Result) bool {
		settings := name.Str == "text" && v.IsObject() // as Responses calls them
		if below[name.Str] && !settings {
			if name.Str == "system" || name.Str == "instructions" {
				w.role = "system"
			}
			w.value(name.Str, v, maxDepth)
		}
		return true
	})
}

func (w *walker) value(name string, v gjson.Result, depth int) {
	switch {
	case silent[name] || depth == 0:
	case v.Type == gjson.String:
		w.text(name, v.String())
	case v.IsArray():
		v.ForEach(func(_, item gjson.Result) bool {
			w.value(name, item, depth-1)
			return true
		})
	case v.IsObject():
		if role := v.Get("role"); role.Type == gjson.String {
			w.role = role.Str
		}
		v.ForEach(func(field, item gjson.Result) bool {
			w.value(field.String(), item, depth-1)
			return true
		})
	}
}

// text writes one; a picture within a URL is none.
func (w *walker) text(name, text string) {
	if text == "" || strings.HasPrefix(text, "data:") {
		return
	}
	if w.begun {
		w.write("\n")
	}
	w.begun = true
	if w.roles && w.role != "" {
		w.write(w.role + ": ")
		w.role = ""
	}
	if !plain[name] {
		w.write(name + ": ")
	}
	w.write(text)
}
