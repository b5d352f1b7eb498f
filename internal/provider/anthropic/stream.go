package anthropic

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// maxEvent bounds one event of a stream. The largest are the results of server
// tools, which come whole; 8 MiB of a Lambda's memory is what we give them.
const maxEvent = 8 << 20

// stream turns the events of a message into chat.completion.chunks.
type stream struct {
	events *sse.Reader
	now    func() time.Time
	chunk  chunkWriter
	usage  upstream.Usage
	end    ending
	calls  map[int64]call // open tool calls by the index of their block

	count, thoughts int   // tool calls and thinking blocks begun so far
	wantTail        bool  // the usage chunk is still to come
	err             error // what Next ends with, once it has
}

// call is a tool call whose block is open.
type call struct {
	number int    // among the tool calls, from 0
	input  string // its arguments as far as nothing was said of them since
}

var _ provider.Stream = (*stream)(nil)

// Stream begins to read the events of a message.
func (a *answer) Stream(body io.Reader) provider.Stream {
	return &stream{
		events: sse.NewReader(body, maxEvent),
		now:    a.now,
		chunk:  chunkWriter{includeUsage: a.includeUsage},
		end:    ending{stopReason: "null", reason: "stop"},
	}
}

// Usage is what the events so far said.
func (s *stream) Usage() upstream.Usage { return s.usage }

// Next returns the next chunk. Events that say nothing to an OpenAI client,
// known or not, are passed over.
func (s *stream) Next() (provider.Chunk, error) {
	for s.err == nil {
		if s.wantTail {
			s.err = io.EOF
			return provider.Chunk{Data: s.chunk.usage(s.usage)}, nil
		}
		event, err := s.events.Next()
		if err != nil {
			s.err = endedEarly(err)
			break
		}
		if event.Data == nil {
			return provider.Chunk{}, nil
		}
		if chunk, ok := s.event(event.Data); ok {
			return chunk, nil
		}
	}
	return provider.Chunk{}, s.err
}

// endedEarly makes a fault of a body that ended before message_stop.
func endedEarly(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &upstream.Fault{Class: upstream.Truncated, Message: "the provider's stream ended before the answer did"}
	}
	return err
}

// event reads one event; ok is false when nothing is to be sent for it. It goes
// by the type inside the data, which every event has, not by its name.
func (s *stream) event(data []byte) (chunk provider.Chunk, ok bool) {
	if !json.Valid(data) {
		// Nearly always the last event of a body that was cut off within it.
		s.err = &upstream.Fault{Class: upstream.Truncated, Message: "the provider's stream broke off within an event"}
		return chunk, false
	}
	e := gjson.ParseBytes(data)
	switch kind := e.Get("type").Str; kind {
	case "ping":
		return chunk, true
	case "error":
		s.err = classifyLate(data, s.now())
		return chunk, false
	case "message_start":
		return s.start(e.Get("message"))
	default:
		return s.answerEvent(kind, e)
	}
}

// answerEvent reads an event between message_start and message_stop. Before the
// former nothing can be said, not even that the answer has ended well.
func (s *stream) answerEvent(kind string, e gjson.Result) (chunk provider.Chunk, ok bool) {
	if !s.chunk.begun() {
		return chunk, false
	}
	switch kind {
	case "content_block_start":
		return s.blockStart(e.Get("index").Int(), e.Get("content_block"))
	case "content_block_delta":
		return s.delta(e.Get("index").Int(), e.Get("delta"))
	case "content_block_stop":
		return s.blockStop(e.Get("index").Int())
	case "message_delta":
		mergeUsage(&s.usage, e.Get("usage"))
		if d := e.Get("delta"); d.Get("stop_reason").Str != "" {
			s.end = readEnding(d)
		}
	case "message_stop":
		return s.stop(), true
	}
	return chunk, false
}

// start sends the role, once. It is no content: until there is some, another
// key may still be tried.
func (s *stream) start(msg gjson.Result) (provider.Chunk, bool) {
	if s.chunk.begun() {
		return provider.Chunk{}, false
	}
	s.chunk.begin(msg, s.now())
	mergeUsage(&s.usage, msg.Get("usage"))
	return provider.Chunk{Data: s.chunk.role()}, true
}

// blockStart announces a tool call. Other blocks are announced by their first
// delta, except redacted thinking, which has none.
func (s *stream) blockStart(index int64, block gjson.Result) (provider.Chunk, bool) {
	switch block.Get("type").Str {
	case "tool_use":
		c := call{number: s.count, input: inputText(block.Get("input"))}
		s.count++
		if s.calls == nil {
			s.calls = make(map[int64]call)
		}
		s.calls[index] = c
		return content(s.chunk.toolBegin(c.number, block.Get("id"), block.Get("name"))), true
	case "thinking":
		s.thoughts++
	case "redacted_thinking":
		s.thoughts++
		return content(s.chunk.redacted(block.Get("data"), s.thoughts-1)), true
	}
	return provider.Chunk{}, false
}

// delta sends a piece of output. Empty ones occur; they are no content yet.
func (s *stream) delta(index int64, delta gjson.Result) (provider.Chunk, bool) {
	thought := max(0, s.thoughts-1)
	switch delta.Get("type").Str {
	case "text_delta":
		if v := delta.Get("text"); v.Str != "" {
			return content(s.chunk.text(v)), true
		}
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
	}
	return provider.Chunk{}, false
}

// inputDelta sends a fragment of a tool call's arguments. Server tools have
// such deltas too; their blocks were never taken for calls.
func (s *stream) inputDelta(index int64, fragment gjson.Result) (provider.Chunk, bool) {
	c, open := s.calls[index]
	if !open || fragment.Str == "" {
		return provider.Chunk{}, false
	}
	c.input = ""
	s.calls[index] = c
	return content(s.chunk.toolInput(c.number, fragment.Raw)), true
}

// blockStop sends the arguments of a call that had no fragments: "{}", so that
// what the client has collected is JSON.
func (s *stream) blockStop(index int64) (provider.Chunk, bool) {
	c, open := s.calls[index]
	delete(s.calls, index)
	if !open || c.input == "" {
		return provider.Chunk{}, false
	}
	return content(s.chunk.toolInput(c.number, string(gjson.AppendJSONString(nil, c.input)))), true
}

func (s *stream) stop() provider.Chunk {
	s.usage.Exact = true
	if s.chunk.includeUsage {
		s.wantTail = true
	} else {
		s.err = io.EOF
	}
	return provider.Chunk{Data: s.chunk.finish(s.end)}
}

func content(data []byte) provider.Chunk { return provider.Chunk{Data: data, Content: true} }
