package openai

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// stream reads the chunks of one answer and hands them on unchanged.
type stream struct {
	events    *sse.Reader
	rules     Rules
	hideUsage bool
	err       error

	choices  progress
	usage    upstream.Usage
	reported bool  // usage is the provider's
	contents int64 // chunks with generated output
}

var _ provider.Stream = (*stream)(nil)

var doneMark = []byte("[DONE]")

// Next returns the next chunk as it came.
//
// The success terminator is [DONE]. Some compatible servers close without it:
// when the body ends cleanly and every choice has its finish_reason, nothing is
// missing, so that counts as success too. OpenAI's SDKs would see no difference.
func (s *stream) Next() (provider.Chunk, error) {
	for s.err == nil {
		event, err := s.events.Next()
		if err != nil {
			s.err = s.ending(err)
			break
		}
		chunk, hidden := s.read(event)
		if s.err == nil && !hidden {
			return chunk, nil
		}
	}
	return provider.Chunk{}, s.err
}

// Usage returns the provider's figures if it has reported them. Else it counts
// chunks with content, of which each is at least a token.
func (s *stream) Usage() upstream.Usage {
	if !s.reported {
		return upstream.Usage{OutputTokens: s.contents}
	}
	return s.usage
}

// read takes in one event, and sets s.err if the stream ends with it.
func (s *stream) read(event sse.Event) (chunk provider.Chunk, hidden bool) {
	if event.Data == nil {
		return provider.Chunk{}, false
	}
	if bytes.Equal(bytes.TrimSpace(event.Data), doneMark) {
		s.err = io.EOF
		s.usage.Exact = s.reported
		return provider.Chunk{}, false
	}
	if !json.Valid(event.Data) {
		s.err = truncated("the stream broke off within a chunk")
		return provider.Chunk{}, false
	}
	doc := gjson.ParseBytes(event.Data)
	if fault := s.rules.faultInEvent(event.Name, doc); fault != nil {
		s.err = fault
		return provider.Chunk{}, false
	}
	return s.take(event.Data, doc)
}

func (s *stream) take(data []byte, doc gjson.Result) (chunk provider.Chunk, hidden bool) {
	choices := doc.Get("choices")
	content := s.choices.read(choices)
	if content {
		s.contents++
	}
	usage := doc.Get("usage")
	if usage.IsObject() {
		s.reported = true
		s.usage = readUsage(usage)
		// Some servers report in every chunk what was used by then.
		s.usage.Exact = s.choices.complete()
	}
	hidden = s.hideUsage && usage.IsObject() && isEmpty(choices)
	return provider.Chunk{Data: data, Content: content}, hidden
}

// ending judges the end of the body.
func (s *stream) ending(err error) error {
	if err == io.EOF && s.choices.complete() {
		return io.EOF
	}
	return endingEarly(err)
}

func truncated(message string) error {
	return &upstream.Fault{Class: upstream.Truncated, Message: message}
}
