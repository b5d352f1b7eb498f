package anthropic

import (
	"encoding/json"
	"io"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// nativeAnswer reads what comes back from /v1/messages for a client that
// speaks that API. Nothing in it is changed, only understood.
type nativeAnswer struct{ now func() time.Time }

var _ provider.Answer = (*nativeAnswer)(nil)

// Whole returns the message as it is, with its usage.
func (a *nativeAnswer) Whole(body []byte) (provider.Reply, error) {
	body, err := inOnePiece(body, a.now)
	if err != nil {
		return provider.Reply{}, err
	}
	msg, err := readMessageBody(body, a.now())
	if err != nil {
		return provider.Reply{}, err
	}
	var u usage
	u.merge(msg.Get("usage"))
	u.Exact = msg.Get("usage").IsObject()
	return provider.Reply{Body: body, Usage: u.Usage}, nil
}

// Stream passes on the events of a message.
func (a *nativeAnswer) Stream(body io.Reader) provider.Stream {
	return &nativeStream{events: sse.NewReader(body, maxEvent), now: a.now}
}

// nativeStream passes on events, known or not, with their own bytes.
type nativeStream struct {
	events *sse.Reader
	now    func() time.Time
	usage  usage
	begun  bool // message_start was passed on
	ended  bool // message_stop was
	err    error
}

var _ provider.Stream = (*nativeStream)(nil)

// Usage is what the events so far said.
func (s *nativeStream) Usage() upstream.Usage { return s.usage.Usage }

// Next returns the next event.
func (s *nativeStream) Next() (provider.Chunk, error) {
	if s.ended {
		s.err = io.EOF
	}
	for s.err == nil {
		event, err := s.events.Next()
		if err != nil {
			s.err = endedEarly(err)
			break
		}
		if event.Data == nil {
			return provider.Chunk{}, nil
		}
		if chunk, ok := s.event(event); ok {
			return chunk, nil
		}
	}
	return provider.Chunk{}, s.err
}

// event passes on one event; ok is false for an error, and for data that is no
// event, which no client could tell from another.
func (s *nativeStream) event(event sse.Event) (provider.Chunk, bool) {
	e, kind, err := readEvent(event.Data, s.now)
	if err != nil {
		s.err = err
		return provider.Chunk{}, false
	}
	s.note(kind, e)
	name := event.Name
	if name == "" {
		name = kind // some SDKs pass over events without a name
	}
	return provider.Chunk{Event: name, Data: event.Data, Content: carriesOutput(kind, e)}, name != ""
}

// note takes from an event what the gateway wants to know. Before message_start
// nothing can be said, not even that the answer has ended well.
func (s *nativeStream) note(kind string, e gjson.Result) {
	switch {
	case kind == "message_start":
		s.begun = true
		s.usage.merge(e.Get("message.usage"))
	case !s.begun:
	case kind == "message_delta":
		s.usage.merge(e.Get("usage"))
	case kind == "message_stop":
		s.ended, s.usage.Exact = true, true
	}
}

// carriesOutput reports whether an event holds something that was generated.
// The start of a text or a thought is empty; any other block says something by
// being there.
func carriesOutput(kind string, e gjson.Result) bool {
	switch kind {
	case "content_block_start":
		block := e.Get("content_block")
		switch block.Get("type").Str {
		case "text":
			return block.Get("text").Str != ""
		case "thinking":
			return block.Get("thinking").Str != ""
		}
		return true
	case "content_block_delta":
		return !emptyDelta(e.Get("delta"))
	}
	return false
}

func emptyDelta(delta gjson.Result) bool {
	field := ""
	switch delta.Get("type").Str {
	case "text_delta":
		field = "text"
	case "thinking_delta":
		field = "thinking"
	case "input_json_delta":
		field = "partial_json"
	default:
		return false
	}
	return delta.Get(field).Str == ""
}

// countAnswer reads the answer of count_tokens, which consumes nothing.
type countAnswer struct{ now func() time.Time }

var _ provider.Answer = (*countAnswer)(nil)

// Whole returns the body as it is.
func (a *countAnswer) Whole(body []byte) (provider.Reply, error) {
	if !json.Valid(body) {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not JSON"}
	}
	if gjson.GetBytes(body, "type").Str == "error" {
		return provider.Reply{}, classifyLate(body, a.now())
	}
	return provider.Reply{Body: body, Usage: upstream.Usage{Exact: true}}, nil
}

// Stream does not happen, as the call never asks for one; what came is read as
// events all the same.
func (a *countAnswer) Stream(body io.Reader) provider.Stream {
	return (&nativeAnswer{now: a.now}).Stream(body)
}
