package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// readable indents JSON, without escaping what the code did not.
func readable(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRequests holds testdata/request/NAME.json, a client's request, against
// NAME.want.json: what becomes of it for a server that takes OpenAI's own fields
// only, and for a dialect that reads extensions.
//
// They cover, in the acceptance checklist, the cases 2, 3, 5, 7, 12, 39, 41 to 46,
// 48, 49, 57, 58, 61, 62, 77, 80, 83, 88, 91, 132 and 133.
func TestRequests(t *testing.T) {
	t.Parallel()
	type translated struct {
		Dropped []string
		Body    json.RawMessage
	}
	for name, body := range golden.Inputs(t, "request", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			shown := map[string]translated{}
			for how, extended := range map[string]bool{"plain": false, "extended": true} {
				got := translate(t, string(body), Options{Extended: extended})
				shown[how] = translated{got.Dropped, got.Request.Raw}
			}
			golden.Check(t, name+".want.json", readable(t, shown))
		})
	}
}

// TestAnswers holds testdata/answer/NAME.json, a completion, against
// NAME.want.json, the message that is made of it: cases 47, 87, 95 to 99, 129 and
// 131.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "answer", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			reply, err := call(t, turn).Answer.Whole(body)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".want.json", readable(t, json.RawMessage(reply.Body)))
		})
	}
}

// TestStreams holds testdata/stream/NAME.sse against NAME.want.txt, where each line
// is what one call of Next gave: "+" is content, "-" any other event, "." a sign of
// life and "=" the end. Cases 113, 118, 121, 126 to 131.
func TestStreams(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			golden.Check(t, name+".want.txt", []byte(transcript(t, call(t, turn).Answer.Stream(bytes.NewReader(body)))))
		})
	}
}

func transcript(t *testing.T, s provider.Stream) string {
	t.Helper()
	var out strings.Builder
	for {
		chunk, err := s.Next()
		var f *upstream.Fault
		if errors.As(err, &f) {
			return fmt.Sprintf("%s= %s\n", &out, f.Class)
		}
		if err != nil {
			return fmt.Sprintf("%s= %v, exact %t\n", &out, err, s.Usage().Exact)
		}
		mark := "-"
		if chunk.Content {
			mark = "+"
		} else if len(chunk.Data) == 0 {
			mark = "."
		}
		fmt.Fprintln(&out, mark, chunk.Event, string(chunk.Data))
	}
}

// turn is a short request.
const turn = `{"model":"claude-sonnet-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`

type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func parse(t tester, body string) *Request {
	t.Helper()
	req, err := Parse([]byte(body))
	if err != nil {
		t.Fatalf("Parse: %v\n%.300s", err, body)
	}
	return req
}

func translate(t tester, body string, opt Options) *Translation {
	t.Helper()
	got, err := ToChat(parse(t, body), opt)
	if err != nil {
		t.Fatalf("ToChat: %v", err)
	}
	return got
}

// call encodes a request for a server of OpenAI's kind.
func call(t tester, body string) *provider.Call {
	t.Helper()
	req := parse(t, body)
	got, err := Encode(req, openai.New(openai.Config{}), provider.NativeRequest{API: provider.Messages, Body: req.Raw, Model: "gpt-4.1"})
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return got
}
