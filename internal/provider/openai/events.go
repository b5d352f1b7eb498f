package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// eventStream reads the typed events in which every streaming API after Chat
// Completions answers: Responses, images, speech and transcripts.
type eventStream struct {
	events *sse.Reader
	rules  Rules
	err    error

	usage    upstream.Usage
	contents int64 // events with generated output
}

var _ provider.Stream = (*eventStream)(nil)

// last are the events that end a stream well. response.incomplete does too: it
// is what finish_reason "length" is to Chat Completions.
var last = map[string]bool{
	"response.completed":         true,
	"response.incomplete":        true,
	"image_generation.completed": true,
	"speech.audio.done":          true,
	"transcript.text.done":       true,
}

// Next returns the next event as it came. The last one is followed by io.EOF
// without reading further: nothing that could follow it is of interest.
func (s *eventStream) Next() (provider.Chunk, error) {
	if s.err != nil {
		return provider.Chunk{}, s.err
	}
	event, err := s.events.Next()
	if err != nil {
		s.err = endingEarly(err)
		return provider.Chunk{}, s.err
	}
	if event.Data == nil {
		return provider.Chunk{}, nil
	}
	if !json.Valid(event.Data) {
		s.err = s.notJSON(event.Data)
		return provider.Chunk{}, s.err
	}
	doc := gjson.ParseBytes(event.Data)
	if s.err = s.fault(event.Name, doc); s.err != nil {
		return provider.Chunk{}, s.err
	}
	return s.take(event, doc), nil
}

// Usage is the provider's once it has reported, which it does at the end. Until
// then each event with content is taken for a token.
func (s *eventStream) Usage() upstream.Usage {
	if !s.usage.Exact {
		return upstream.Usage{OutputTokens: s.contents}
	}
	return s.usage
}

func (s *eventStream) take(event sse.Event, doc gjson.Result) provider.Chunk {
	kind := doc.Get("type").Str
	chunk := provider.Chunk{Event: event.Name, Data: event.Data, Content: carriesOutput(kind, doc)}
	if chunk.Event == "" { // some servers name the type in the data only
		chunk.Event = kind
	}
	if chunk.Content {
		s.contents++
	}
	if u := usageIn(doc); last[kind] && u.IsObject() {
		s.usage = readUsage(u)
		s.usage.Exact = true
	}
	if last[kind] {
		s.err = io.EOF
	}
	return chunk
}

func usageIn(doc gjson.Result) gjson.Result {
	if u := doc.Get("response.usage"); u.Exists() {
		return u
	}
	return doc.Get("usage")
}

// carriesOutput names the events without output rather than those with: to take
// new output for none would hold it back from the client.
func carriesOutput(kind string, doc gjson.Result) bool {
	switch kind {
	case "response.created", "response.queued", "response.in_progress", "response.content_part.added",
		"response.reasoning_summary_part.added", "keepalive", "":
		return false
	case "response.output_item.added":
		// The name of a tool is output, an empty message is not.
		item := doc.Get("item.type").Str
		return item != "message" && item != "reasoning"
	}
	return !strings.HasSuffix(kind, ".in_progress") // of a hosted tool
}

// fault returns the provider's own error, if the event is one.
func (s *eventStream) fault(name string, doc gjson.Result) error {
	kind := doc.Get("type").Str
	switch {
	case kind == "response.failed":
		return s.rules.failed(doc.Get("response"))
	case kind == "error" || kind == "" || name == "error":
		if kind == "error" {
			name = kind
		}
		if f := s.rules.faultInEvent(name, doc); f != nil {
			return f
		}
	}
	return nil
}

// failed is never without a fault, whatever the response says of it.
func (rules Rules) failed(response gjson.Result) error {
	if f := rules.faultIn(response); f != nil {
		return f
	}
	return rules.laterFault(refusal{})
}

// notJSON is a stream cut within an event, or one that ends as Chat Completions
// do without having said how.
func (s *eventStream) notJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), doneMark) {
		return truncated("the stream ended before the answer was complete")
	}
	return truncated("the stream broke off within an event")
}

// endingEarly judges the end of a body that has not had its last event.
func endingEarly(err error) error {
	var tooLarge *sse.TooLargeError
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return truncated("the stream ended before the answer was complete")
	case errors.As(err, &tooLarge):
		return &upstream.Fault{Class: upstream.Provider, Message: tooLarge.Error()}
	}
	return err
}
