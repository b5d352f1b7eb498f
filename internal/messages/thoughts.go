package messages

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Reasoning reaches the client as thinking blocks, and the client sends them back.
//
// A block of Claude's has a signature, which only Claude can read; it crosses in
// reasoning_details, the one convention with a place for it. Reasoning of other
// models has none. Its blocks get a signature of ours, which names the field they
// came in: with it they can be taken out before Claude, who refuses signatures
// that are not its own, sees them, and can be given back to the model that wrote
// them, which may insist (DeepSeek, guides/thinking_mode), in the one field that
// it takes (Cerebras knows reasoning and refuses reasoning_content). Without any
// signature neither could be done, and to keep the thoughts to ourselves would
// break tool loops.

// ours begins the signature of a block that is not Claude's.
const ours = "fallow:"

// signature is ours as raw JSON, for a text that came in a field.
func signature(field string) string { return `"` + ours + field + `"` }

// origin is the field in which an unsigned text came; ok is false for a block of
// Claude's.
func origin(block gjson.Result) (field string, ok bool) {
	field, ok = strings.CutPrefix(block.Get("signature").Str, ours)
	if field != "reasoning_content" && field != "reasoning" {
		field = "" // of another age, or made up
	}
	return field, ok
}

// thought is a piece of reasoning: a text, a signature that ends it, or both; or
// what only its provider can read. All are raw JSON strings.
type thought struct{ text, signature, redacted string }

// thoughtsIn reads the reasoning of a message or a delta. Claude's stands in
// reasoning_details, its text a second time in the plain field.
func thoughtsIn(reasoning, content, details gjson.Result) (found []thought, field string) {
	field = "reasoning_content"
	text := content
	if text.Str == "" {
		field, text = "reasoning", reasoning
	}
	if text.Str != "" {
		found = append(found, thought{text: text.Raw})
	}
	signed := false
	fromDetails := make([]thought, 0, 1)
	details.ForEach(func(_, d gjson.Result) bool {
		t := detail(d)
		signed = signed || t.signature != "" || t.redacted != ""
		if t != (thought{}) {
			fromDetails = append(fromDetails, t)
		}
		return true
	})
	if signed || len(found) == 0 {
		return fromDetails, field
	}
	return found, field
}

// partsField is where Mistral's thinking models have their thoughts: in the list
// of parts that is their content. None of our signatures with this name is given
// back, as there is no field for it.
const partsField = "content"

// thoughtsInParts reads the thoughts in a content that is a list of parts.
func thoughtsInParts(content gjson.Result) (found []thought, field string) {
	if !content.IsArray() {
		return nil, partsField
	}
	content.ForEach(func(_, part gjson.Result) bool {
		part.Get("thinking").ForEach(func(_, piece gjson.Result) bool {
			if text := piece.Get("text"); text.Str != "" {
				found = append(found, thought{text: text.Raw})
			}
			return true
		})
		return true
	})
	return found, partsField
}

// detail reads an item of reasoning_details. Signatures and sealed texts of
// others than Claude mean nothing to a client of this API.
func detail(d gjson.Result) (t thought) {
	if text := d.Get("text"); text.Str != "" {
		t.text = text.Raw
	} else if summary := d.Get("summary"); summary.Str != "" {
		t.text = summary.Raw
	}
	if format := d.Get("format").Str; format != "" && !strings.HasPrefix(format, "anthropic") {
		return t
	}
	if s := d.Get("signature"); s.Str != "" {
		t.signature = s.Raw
	}
	if data := d.Get("data"); data.Str != "" {
		t.redacted = data.Raw
	}
	return t
}

// withoutOurs returns a body without the thinking blocks and the citations that
// are not Claude's.
// Nearly always that is the body itself. An assistant message that held nothing
// else keeps a text, since the API refuses one without content.
func withoutOurs(doc *chat.Document) []byte {
	if !bytes.Contains(doc.Raw, []byte(`"`+ours)) {
		return doc.Raw
	}
	messages, found := doc.Get("messages"), false
	body := append(make([]byte, 0, len(doc.Raw)), doc.Raw[:messages.Index]...)
	body = append(body, '[')
	messages.ForEach(func(_, m gjson.Result) bool {
		blocks, left := claudes(m)
		found = found || left
		body = next(body)
		if left {
			body = appendMessage(body, m.Raw, blocks)
		} else {
			body = append(body, m.Raw...)
		}
		return true
	})
	if !found { // somebody wrote about it
		return doc.Raw
	}
	return append(append(body, ']'), doc.Raw[messages.Index+len(messages.Raw):]...)
}

// claudes returns the blocks of a message that Claude can read, and whether that
// leaves any out.
func claudes(message gjson.Result) (blocks []byte, left bool) {
	if !strings.Contains(message.Raw, ours) || message.Get("role").Str != "assistant" {
		return nil, false
	}
	message.Get("content").ForEach(func(_, b gjson.Result) bool {
		_, foreign := origin(b)
		switch {
		case foreign:
			left = true
		case citesOurs(b):
			left = true
			blocks = uncited(next(blocks), b)
		default:
			blocks = append(next(blocks), b.Raw...)
		}
		return true
	})
	if blocks == nil {
		blocks = []byte(`{"type":"text","text":"."}`)
	}
	return blocks, left
}

// appendMessage appends a message with other blocks.
func appendMessage(dst []byte, message string, blocks []byte) []byte {
	dst = append(dst, '{')
	for name, value := range chat.Members(message) {
		dst = append(append(append(next(dst), '"'), name...), `":`...)
		if name == "content" {
			dst = append(append(append(dst, '['), blocks...), ']')
		} else {
			dst = append(dst, value...)
		}
	}
	return append(dst, '}')
}
