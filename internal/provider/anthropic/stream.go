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

// maxEvent bounds one event of a stream, and what is collected of one block. The
// largest are the results of server tools, which come whole; 8 MiB of a
// Lambda's memory is what we give them.
const maxEvent = 8 << 20

// stream turns the events of a message into chat.completion.chunks. What it
// does at the edges of a stream stands here, blocks are in streamblocks.go.
type stream struct {
	events *sse.Reader
	now    func() time.Time
	forms  forms
	chunk  chunkWriter
	usage  usage
	end    ending
	counts counts
	text   citedText
	open   map[int64]*openBlock // blocks that are more than their deltas, by index

	extensions [len(extensions)]string // raw JSON
	wantTail   bool                    // the usage chunk is still to come
	err        error                   // what Next ends with, once it has
}

var _ provider.Stream = (*stream)(nil)

// Stream begins to read the events of a message.
func (a *answer) Stream(body io.Reader) provider.Stream {
	return &stream{
		events: sse.NewReader(body, maxEvent),
		now:    a.now,
		forms:  a.forms,
		chunk:  chunkWriter{includeUsage: a.includeUsage, prefix: a.prefix},
		end:    ending{stopReason: "null", reason: "stop"},
		text:   citedText{end: characters(a.prefix)},
		open:   make(map[int64]*openBlock),
	}
}

// Usage is what the events so far said.
func (s *stream) Usage() upstream.Usage { return s.usage.Usage }

// Next returns the next chunk. Events that say nothing to an OpenAI client,
// known or not, are passed over.
func (s *stream) Next() (provider.Chunk, error) {
	for s.err == nil {
		if s.wantTail {
			s.err = io.EOF
			return provider.Chunk{Data: s.chunk.usage(&s.usage)}, nil
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

// readEvent parses the data of an event and finds the errors that end a stream.
func readEvent(data []byte, now func() time.Time) (e gjson.Result, kind string, err error) {
	if !json.Valid(data) {
		// Nearly always the last event of a body that was cut off within it.
		return e, "", &upstream.Fault{Class: upstream.Truncated, Message: "the provider's stream broke off within an event"}
	}
	e = gjson.ParseBytes(data)
	if kind = e.Get("type").Str; kind == "error" {
		return e, kind, classifyLate(data, now())
	}
	return e, kind, nil
}

// event reads one event; ok is false when nothing is to be sent for it. It goes
// by the type inside the data, which every event has, not by its name.
func (s *stream) event(data []byte) (chunk provider.Chunk, ok bool) {
	e, kind, err := readEvent(data, s.now)
	switch {
	case err != nil:
		s.err = err
		return chunk, false
	case kind == "ping":
		return chunk, true
	case kind == "message_start":
		return s.start(e.Get("message"))
	case !s.chunk.begun():
		// Before message_start nothing can be said, not even that the answer
		// has ended well.
		return chunk, false
	}
	return s.answerEvent(kind, e)
}

// answerEvent reads an event between message_start and message_stop.
func (s *stream) answerEvent(kind string, e gjson.Result) (chunk provider.Chunk, ok bool) {
	switch kind {
	case "content_block_start":
		return s.blockStart(e.Get("index").Int(), e.Get("content_block"))
	case "content_block_delta":
		return s.delta(e.Get("index").Int(), e.Get("delta"))
	case "content_block_stop":
		return s.blockStop(e.Get("index").Int())
	case "message_delta":
		s.usage.merge(e.Get("usage"))
		d := e.Get("delta")
		if d.Get("stop_reason").Str != "" {
			s.end = readEnding(d)
		}
		s.extend(e)
		s.extend(d)
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
	s.usage.merge(msg.Get("usage"))
	s.extend(msg)
	return provider.Chunk{Data: s.chunk.role()}, true
}

// extend notes the extensions that an object of the stream holds.
func (s *stream) extend(v gjson.Result) {
	for i, name := range extensions {
		if found := v.Get(name); found.IsObject() {
			s.extensions[i] = found.Raw
		}
	}
}

func (s *stream) stop() provider.Chunk {
	s.usage.Exact = true
	if s.chunk.includeUsage {
		s.wantTail = true
	} else {
		s.err = io.EOF
	}
	s.end.settle(s.counts)
	return provider.Chunk{Data: s.chunk.finish(s.end, s.extensions)}
}
