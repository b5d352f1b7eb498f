package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
)

// FuzzToChat: whatever Parse accepts becomes a valid request, or an error that names
// a parameter, and has a size and a conversation.
func FuzzToChat(f *testing.F) {
	for _, body := range golden.Inputs(f, "request", ".json") {
		f.Add(body, true)
		f.Add(body, false)
	}
	f.Fuzz(func(t *testing.T, body []byte, extended bool) {
		req, err := Parse(body)
		if err != nil {
			var p *ParamError
			if !errors.As(err, &p) {
				t.Fatalf("got error %#v, want a *ParamError", err)
			}
			return
		}
		if len(req.Conversation()) != 32 {
			t.Fatal("the conversation has no key")
		}
		if s := estimate.Measure(req, estimate.Anthropic(req.Model)); s.Text < 0 || s.Fixed < 0 {
			t.Fatalf("got size %+v", s)
		}
		if native := withoutOurs(&req.Document); !json.Valid(native) {
			t.Fatalf("native body is not JSON: %s", native)
		}
		got, err := ToChat(req, Options{Extended: extended})
		var p *ParamError
		switch {
		case err == nil && !json.Valid(got.Request.Raw):
			t.Fatalf("request is not JSON: %s", got.Request.Raw)
		case err != nil && (!errors.As(err, &p) || p.Message == ""):
			t.Fatalf("got error %#v, want a *ParamError", err)
		}
	})
}

// FuzzWhole: a message is JSON, and what is none is an error.
func FuzzWhole(f *testing.F) {
	for _, body := range golden.Inputs(f, "answer", ".json") {
		f.Add(body)
	}
	answer := call(f, turn).Answer
	f.Fuzz(func(t *testing.T, body []byte) {
		reply, err := answer.Whole(body)
		if err == nil && !json.Valid(reply.Body) {
			t.Fatalf("message is not JSON: %s", reply.Body)
		}
	})
}

// FuzzStream: whatever a server streams, no client can refuse the events.
func FuzzStream(f *testing.F) {
	for _, body := range golden.Inputs(f, "stream", ".sse") {
		f.Add(body)
	}
	answer := call(f, turn).Answer
	f.Fuzz(func(t *testing.T, body []byte) {
		s := answer.Stream(bytes.NewReader(body))
		_, err := accumulate(s)
		if _, after := s.Next(); err != nil && !errors.Is(after, err) {
			t.Fatalf("%v\n%s", err, transcriptOf(answer, body))
		}
	})
}

// transcriptOf shows what a stream became.
func transcriptOf(answer provider.Answer, body []byte) (shown []byte) {
	s := answer.Stream(bytes.NewReader(body))
	for {
		chunk, err := s.Next()
		if err != nil {
			return shown
		}
		shown = append(append(shown, chunk.Data...), '\n')
	}
}
