package messages

import (
	"errors"
	"io"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// stream turns chat.completion.chunks into the events of a message. One chunk may
// become several events, which wait in out.
type stream struct {
	inner provider.Stream
	asked *Translation
	out   events
	open  blocks
	id    string

	begun, refused bool
	end            gjson.Result // the choice that said how the answer ended
	err            error        // what Next ends with, once out is empty
}

var _ provider.Stream = (*stream)(nil)

// Usage is what is known so far.
func (s *stream) Usage() upstream.Usage { return s.inner.Usage() }

// Next returns the next event.
func (s *stream) Next() (provider.Chunk, error) {
	for {
		if chunk, ok := s.out.pop(); ok {
			return chunk, nil
		}
		if s.err != nil {
			return provider.Chunk{}, s.err
		}
		chunk, err := s.inner.Next()
		switch {
		case errors.Is(err, io.EOF):
			s.finish()
			s.err = io.EOF
		case err != nil:
			s.err = err
		case len(chunk.Data) > 0:
			s.read(gjson.ParseBytes(chunk.Data))
		case s.begun:
			s.out.ping()
		default:
			return chunk, nil // nothing may come before message_start
		}
	}
}

// read takes in a chunk. Others than the first choice were not asked for.
func (s *stream) read(doc gjson.Result) {
	choice := doc.Get("choices.0")
	if !choice.Exists() {
		return // usage; or what Azure says before the answer, without id and model
	}
	s.begin(doc)
	if given(choice.Get("finish_reason")) {
		s.end = choice
	}
	s.delta(choice.Get("delta"))
}

func (s *stream) begin(doc gjson.Result) {
	if s.begun {
		return
	}
	s.begun = true
	s.id = s.asked.messageID(doc.Get("id"))
	s.out.messageStart(s.id, s.asked.model(doc.Get("model")), s.inner.Usage())
}

// delta is read in one pass: deltas are many, and have few fields.
func (s *stream) delta(delta gjson.Result) {
	var content, refusal, reasoning, reasoningContent, details, calls, annotations gjson.Result
	delta.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "content":
			content = v
		case "refusal":
			refusal = v
		case "reasoning":
			reasoning = v
		case "reasoning_content":
			reasoningContent = v
		case "reasoning_details":
			details = v
		case "tool_calls":
			calls = v
		case "annotations":
			annotations = v
		}
		return true
	})
	if reasoning.Str != "" || reasoningContent.Str != "" || details.IsArray() {
		s.think(thoughtsIn(reasoning, reasoningContent, details))
	}
	s.think(thoughtsInParts(content))
	s.open.text(&s.out, textOf(content))
	s.open.cite(citationsOf(annotations))
	if refusal.Str != "" {
		s.refused = true
		s.open.text(&s.out, inner(refusal))
	}
	calls.ForEach(func(_, call gjson.Result) bool {
		s.call(call)
		return true
	})
}

func (s *stream) think(thoughts []thought, field string) {
	for _, t := range thoughts {
		if t.text != "" {
			s.open.thought(&s.out, t.text[1:len(t.text)-1], field)
		}
		if t.signature != "" {
			s.open.sign(&s.out, t.signature)
		}
		if t.redacted != "" {
			s.open.redacted(&s.out, t.redacted)
		}
	}
}

// call takes in a piece of a tool call. It belongs to the call of its index,
// unless it is another's: servers that send each call whole may leave the index out
// or give all the same, and some the id as well.
func (s *stream) call(piece gjson.Result) {
	index, id, name := piece.Get("index").Int(), piece.Get("id"), piece.Get("function.name")
	b := s.open.calls[index]
	if b == nil || id.Str != "" && b.upstreamID != id.Str || id.Str == "" && name.Str != "" && b.input.closed {
		b = s.open.newCall(index)
		b.upstreamID = strings.Clone(id.Str)
		b.id = callID(id, s.id, s.open.made-1)
		b.name = s.asked.names.restore(name)
	}
	switch arguments := piece.Get("function.arguments"); {
	case isString(arguments):
		s.open.input(&s.out, b, inner(arguments), arguments.Str)
	case arguments.IsObject():
		text := string(appendQuoted(nil, arguments.Raw))
		s.open.input(&s.out, b, text[1:len(text)-1], arguments.Raw)
	default:
		s.open.input(&s.out, b, "", "")
	}
}

// finish ends the message. Usage is reported last, because that is when the
// provider does.
func (s *stream) finish() {
	s.begin(gjson.Result{})
	s.open.finish(&s.out)
	s.out.messageDelta(readEnding(s.end, s.open.made > 0, s.refused), s.inner.Usage())
	s.out.messageStop()
}
