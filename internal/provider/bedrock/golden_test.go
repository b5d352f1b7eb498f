package bedrock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/eventstream"
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newTestDialect() *Dialect {
	return New(Config{Region: "us-east-1", Now: func() time.Time { return noon }, NewID: func() string { return "ID" }})
}

// asIs is an answer that hands on what it is given, so that what this package
// does is seen by itself.
type asIs struct{}

func (asIs) Whole(body []byte) (provider.Reply, error) { return provider.Reply{Body: body}, nil }
func (asIs) Stream(body io.Reader) provider.Stream     { return &asIsStream{body: body} }

type asIsStream struct{ body io.Reader }

func (s *asIsStream) Next() (provider.Chunk, error) {
	buf := make([]byte, 4096)
	n, err := s.body.Read(buf)
	return provider.Chunk{Data: buf[:n]}, err
}

func (*asIsStream) Usage() upstream.Usage { return upstream.Usage{} }

// readAll reads a stream to its end and returns its data and what ended it.
func readAll(s provider.Stream) (string, error) {
	var out strings.Builder
	for {
		chunk, err := s.Next()
		out.Write(chunk.Data)
		if err != nil {
			return out.String(), err
		}
	}
}

// requestIn reads a request in Messages form, "body", and what clients of Chat
// Completions say beside it.
func requestIn(file []byte) *request {
	f := gjson.ParseBytes(file)
	doc := f.Get("body")
	return &request{
		doc: doc, model: doc.Get("model").Str, stream: doc.Get("stream").Bool(), answer: asIs{},
		chat: f.Get("chat").Bool(), unbounded: f.Get("unbounded").Bool(),
		effort: f.Get("effort").Str, tier: f.Get("tier").Str,
	}
}

func showCall(t *testing.T, call *provider.Call) []byte {
	t.Helper()
	var out bytes.Buffer
	shown := struct {
		Path, Accept string
		Dropped      []string
		Body         json.RawMessage
	}{call.Path, call.Header.Get("Accept"), call.Dropped, call.Body}
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(shown); err != nil {
		t.Fatalf("%v in %s", err, call.Body)
	}
	return out.Bytes()
}

// TestConverse holds testdata/converse/NAME.json, a request in Messages form,
// against NAME.want.json, the call of Converse that is made of it.
func TestConverse(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "converse", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			call, err := newTestDialect().encode(requestIn(body))
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".want.json", showCall(t, call))
		})
	}
}

// TestInvoke does the same for Claude models.
func TestInvoke(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "invoke", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			r := requestIn(body)
			r.betas = splitBetas([]string{"interleaved-thinking-2025-05-14, claude-code-20250219", "context-1m-2025-08-07"})
			call, err := newTestDialect().encode(r)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".want.json", showCall(t, call))
		})
	}
}

// TestAnswers holds testdata/answer/NAME.json, an answer of Converse, against
// NAME.want.json, the message that is made of it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "answer", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			a := conversed{messages: asIs{}, model: "amazon.nova-pro-v1:0", newID: func() string { return "ID" }}
			reply, err := a.Whole(body)
			if err != nil {
				t.Fatal(err)
			}
			var readable bytes.Buffer
			if err := json.Indent(&readable, reply.Body, "", "  "); err != nil {
				t.Fatalf("%v in %s", err, reply.Body)
			}
			golden.Check(t, name+".want.json", append(readable.Bytes(), '\n'))
		})
	}
}

// TestStreams holds testdata/stream/NAME.txt, frames of ConverseStream as lines
// of a type and a payload, against NAME.want.txt, the events made of them.
func TestStreams(t *testing.T) {
	t.Parallel()
	for name, lines := range golden.Inputs(t, "stream", ".txt") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			a := conversed{messages: asIs{}, model: "amazon.nova-pro-v1:0", newID: func() string { return "ID" }}
			text, err := readAll(a.Stream(bytes.NewReader(framesOf(t, string(lines)))))
			golden.Check(t, name+".want.txt", fmt.Appendf(nil, "%s= %s\n", text, describe(err)))
		})
	}
}

func describe(err error) string {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return fmt.Sprintf("%+v", *f)
	}
	return err.Error()
}

// framesOf encodes lines as the AWS SDK does. A type that begins with "!" is
// that of an exception.
func framesOf(tb testing.TB, lines string) []byte {
	tb.Helper()
	var out []byte
	for line := range strings.Lines(lines) {
		kind, payload, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		if name, isException := strings.CutPrefix(kind, "!"); isException {
			out = append(out, frame(tb, payload, ":exception-type", name, ":message-type", "exception")...)
		} else {
			out = append(out, frame(tb, payload, ":event-type", kind, ":content-type", "application/json", ":message-type", "event")...)
		}
	}
	return out
}

// frame encodes one frame with headers of pairs of name and value.
func frame(tb testing.TB, payload string, pairs ...string) []byte {
	tb.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(pairs); i += 2 {
		m.Headers.Set(pairs[i], eventstream.StringValue(pairs[i+1]))
	}
	var out bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&out, m); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
