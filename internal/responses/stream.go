package responses

import (
	"errors"
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// stream turns the chunks of an answer into events.
type stream struct {
	chunks   provider.Stream
	response *response
	err      error // what the chunks ended with
}

var _ provider.Stream = (*stream)(nil)

// Usage is what the chunks so far said.
func (s *stream) Usage() upstream.Usage { return s.chunks.Usage() }

// Next returns the next event. One chunk makes none or several.
func (s *stream) Next() (provider.Chunk, error) {
	for {
		if c, ok := s.response.events.next(); ok {
			return c, nil
		}
		if s.err != nil {
			return provider.Chunk{}, s.err
		}
		chunk, err := s.chunks.Next()
		switch {
		case errors.Is(err, io.EOF):
			s.response.begin(gjson.Result{}) // an answer without a chunk is an answer
			s.response.finish(s.chunks.Usage())
			s.err = io.EOF
		case err != nil:
			s.err = err
		case len(chunk.Data) == 0:
			return provider.Chunk{}, nil
		default:
			s.take(chunk)
		}
	}
}

func (s *stream) take(chunk provider.Chunk) {
	doc := gjson.ParseBytes(chunk.Data)
	s.response.begin(doc)
	s.response.events.content = chunk.Content
	s.response.take(doc.Get("choices.0"), "delta")
	s.response.events.content = false
}
