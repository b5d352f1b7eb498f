package anthropic

import (
	"unicode/utf8"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// openBlock is a block that is more than its deltas: a call of a tool, by the
// client or by the provider.
type openBlock struct {
	server bool
	form   form
	number int    // among the calls, from 0
	raw    string // a server's block as it began
	// input is what was collected, where it can only be sent whole; until a
	// fragment came it is what the start of the block held.
	input   []byte
	touched bool // a fragment came
}

// whole reports whether the block's input is held back until it is complete.
func (b *openBlock) whole() bool {
	return b.server || b.form == customForm || b.form == wrappedForm
}

// blockStart announces a tool call. Other blocks are announced by their first
// delta, except those that have none.
func (s *stream) blockStart(index int64, block gjson.Result) (provider.Chunk, bool) {
	switch kind := block.Get("type").Str; {
	case kind == "tool_use":
		return s.callStart(index, block)
	case kind == "text":
		s.text.start = s.text.end
		return s.textDelta(block.Get("text"))
	case kind == "thinking":
		s.counts.thoughts++
	case kind == "redacted_thinking":
		s.counts.thoughts++
		return content(s.chunk.redacted(block.Get("data"), s.counts.thoughts-1)), true
	case isServerCall(kind), kind == "compaction":
		s.open[index] = &openBlock{server: true, raw: block.Raw}
	case isServerBlock(kind):
		return content(s.chunk.serverBlock(block.Raw, s.serverBlock())), true
	}
	return provider.Chunk{}, false
}

func (s *stream) serverBlock() int {
	s.counts.serverBlocks++
	return s.counts.serverBlocks - 1
}

func (s *stream) callStart(index int64, block gjson.Result) (provider.Chunk, bool) {
	id, name := block.Get("id"), block.Get("name")
	b := &openBlock{form: s.forms.of(name.Str), input: []byte(inputText(block.Get("input")))}
	if b.form == legacyForm && s.counts.legacy {
		return provider.Chunk{}, false // the client can take one only
	}
	s.open[index] = b
	switch b.form {
	case textForm, wrappedForm:
		s.counts.answers++
		return provider.Chunk{}, false
	case legacyForm:
		s.counts.legacy = true
		return content(s.chunk.legacyBegin(name)), true
	}
	b.number = s.counts.calls
	s.counts.calls++
	if b.form == customForm {
		return content(s.chunk.customBegin(b.number, id, name)), true
	}
	return content(s.chunk.toolBegin(b.number, id, name)), true
}

// delta sends a piece of output. Empty ones occur; they are no content yet.
func (s *stream) delta(index int64, delta gjson.Result) (provider.Chunk, bool) {
	thought := max(0, s.counts.thoughts-1)
	switch delta.Get("type").Str {
	case "text_delta":
		return s.textDelta(delta.Get("text"))
	case "thinking_delta":
		if v := delta.Get("thinking"); v.Str != "" {
			return content(s.chunk.thought(v, thought)), true
		}
	case "signature_delta":
		if v := delta.Get("signature"); v.Str != "" {
			return content(s.chunk.signature(v, thought)), true
		}
	case "input_json_delta":
		return s.inputDelta(index, delta.Get("partial_json"))
	case "citations_delta":
		if c := delta.Get("citation"); c.IsObject() {
			s.text.waiting = append(s.text.waiting, c.Raw)
		}
	case "compaction_delta":
		if b := s.open[index]; b != nil && b.server {
			b.raw = withMember(b.raw, "content", delta.Get("content").Raw)
		}
	}
	return provider.Chunk{}, false
}

func (s *stream) textDelta(text gjson.Result) (provider.Chunk, bool) {
	if text.Str == "" {
		return provider.Chunk{}, false
	}
	s.text.end += utf8.RuneCountInString(text.Str)
	return content(s.chunk.text(text.Raw)), true
}

// inputDelta sends a fragment of a call's input, or keeps it.
func (s *stream) inputDelta(index int64, fragment gjson.Result) (provider.Chunk, bool) {
	b := s.open[index]
	if b == nil || fragment.Str == "" {
		return provider.Chunk{}, false
	}
	if !b.touched {
		b.touched, b.input = true, nil
	}
	switch {
	case b.whole():
		if len(b.input)+len(fragment.Str) > maxEvent {
			s.err = &upstream.Fault{Class: upstream.Provider, Message: "the provider's call of a tool is too large"}
		}
		b.input = append(b.input, fragment.Str...)
		return provider.Chunk{}, false
	case b.form == textForm:
		return content(s.chunk.text(fragment.Raw)), true
	case b.form == legacyForm:
		return content(s.chunk.legacyInput(fragment.Raw)), true
	default:
		return content(s.chunk.toolInput(b.number, fragment.Raw)), true
	}
}

// blockStop sends what a block held back: the citations of a text, an input
// that must be whole, or that of a call which had no fragments, so that what
// the client has collected is JSON.
func (s *stream) blockStop(index int64) (provider.Chunk, bool) {
	if len(s.text.waiting) > 0 {
		return content(s.chunk.cited(s.text.lists())), true
	}
	b := s.open[index]
	delete(s.open, index)
	switch {
	case b == nil, b.touched && !b.whole():
		return provider.Chunk{}, false
	case b.server:
		return content(s.chunk.serverBlock(b.complete(), s.serverBlock())), true
	}
	input := string(b.input)
	switch b.form {
	case textForm:
		return content(s.chunk.text(quote(input))), true
	case wrappedForm:
		return content(s.chunk.text(quote(unwrap(input)))), true
	case customForm:
		return content(s.chunk.customInput(b.number, quote(customText(input)))), true
	case legacyForm:
		return content(s.chunk.legacyInput(quote(input))), true
	default:
		return content(s.chunk.toolInput(b.number, quote(input))), true
	}
}

// complete is a server's block with the input that was collected.
func (b *openBlock) complete() string {
	if b.touched && gjson.ValidBytes(b.input) {
		return withMember(b.raw, "input", string(b.input))
	}
	return b.raw
}

// withMember replaces a member of an object, or leaves it as it is.
func withMember(object, name, value string) string {
	old := gjson.Get(object, name)
	if !old.Exists() || value == "" {
		return object
	}
	return object[:old.Index] + value + object[old.Index+len(old.Raw):]
}

func quote(text string) string { return string(gjson.AppendJSONString(nil, text)) }

func content(data []byte) provider.Chunk { return provider.Chunk{Data: data, Content: true} }
