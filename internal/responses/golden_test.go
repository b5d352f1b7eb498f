package responses

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/sse"
)

// TestRequests holds testdata/request/NAME.json, a client's request, against
// NAME.want.json, the request that is made of it.
func TestRequests(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "request", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			call := encode(t, string(body))
			got := indent(t, call.Body)
			for _, dropped := range call.Dropped {
				got = fmt.Appendf(got, "dropped: %s\n", dropped)
			}
			golden.Check(t, name+".want.json", got)
		})
	}
}

// TestAnswers holds testdata/answer/NAME.json, a request and the answer to its
// translation, against NAME.want.json.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "answer", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			doc := gjson.ParseBytes(body)
			reply, err := encode(t, doc.Get("request").Raw).Answer.Whole([]byte(doc.Get("answer").Raw))
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".want.json", indent(t, reply.Body))
		})
	}
}

// TestStreams holds testdata/stream/NAME.sse, which begins with the request in a
// comment, against NAME.want.sse.
func TestStreams(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			first, rest, _ := bytes.Cut(body, []byte("\n"))
			call := encode(t, string(bytes.TrimPrefix(first, []byte(": "))))
			all, err := drain(call.Answer.Stream(bytes.NewReader(rest)))
			if !errors.Is(err, io.EOF) {
				t.Fatalf("ended with %v, want EOF", err)
			}
			checkGrammar(t, all)
			var got []byte
			for _, e := range all {
				got = sse.AppendEvent(got, e.name, []byte(e.data.Raw))
			}
			golden.Check(t, name+".want.sse", got)
		})
	}
}
