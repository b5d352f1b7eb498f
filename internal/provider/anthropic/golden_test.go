package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the code does now into the golden files")

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newTestDialect() *Dialect {
	return New(Config{Now: func() time.Time { return noon }})
}

// golden compares got with the file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

// inputs returns the files under testdata that match, by name without suffix.
func inputs(t testing.TB, dir, suffix string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*"+suffix))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s files in %s: %v", suffix, dir, err)
	}
	found := make(map[string][]byte)
	for _, file := range files {
		if strings.HasSuffix(file, ".want"+suffix) {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(file, suffix)] = data
	}
	return found
}

// TestRequests holds testdata/request/NAME.json, a client's request, against
// NAME.want.json, the call that is made of it.
func TestRequests(t *testing.T) {
	t.Parallel()
	for name, body := range inputs(t, "request", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			call := encode(t, string(body))
			if !json.Valid(call.Body) {
				t.Fatalf("body is not JSON: %s", call.Body)
			}
			var readable bytes.Buffer
			shown := struct {
				Header  http.Header
				Stream  bool
				Dropped []string
				Body    json.RawMessage
			}{call.Header, call.Stream, call.Dropped, call.Body}
			enc := json.NewEncoder(&readable)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(shown); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".want.json", readable.Bytes())
		})
	}
}

// TestAnswers holds testdata/answer/NAME.json, a message, against
// NAME.want.json, the completion that is made of it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range inputs(t, "answer", ".json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			reply, err := (&answer{now: newTestDialect().now}).Whole(body)
			if err != nil {
				t.Fatal(err)
			}
			var readable bytes.Buffer
			if err := json.Indent(&readable, reply.Body, "", "  "); err != nil {
				t.Fatalf("completion is not JSON: %v: %s", err, reply.Body)
			}
			fmt.Fprintf(&readable, "\n\n%+v\n", reply.Usage)
			golden(t, name+".want.json", readable.Bytes())
		})
	}
}

// TestStreams holds testdata/stream/NAME.sse against NAME.want.txt. There each
// line is what one call of Next gave: "+" is content, "-" any other chunk, "."
// a sign of life and "=" the end.
func TestStreams(t *testing.T) {
	t.Parallel()
	for name, body := range inputs(t, "stream", ".sse") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			a := &answer{now: newTestDialect().now, includeUsage: strings.HasSuffix(name, "_usage")}
			golden(t, name+".want.txt", []byte(transcript(t, a.Stream(bytes.NewReader(body)))))
		})
	}
}

func transcript(t *testing.T, s provider.Stream) string {
	t.Helper()
	var out strings.Builder
	for {
		chunk, err := s.Next()
		if err != nil {
			fmt.Fprintf(&out, "= %s\n= %+v\n", describe(err), s.Usage())
			return out.String()
		}
		switch {
		case len(chunk.Data) == 0:
			out.WriteString(".\n")
			continue
		case chunk.Content:
			out.WriteString("+ ")
		default:
			out.WriteString("- ")
		}
		if !json.Valid(chunk.Data) {
			t.Fatalf("chunk is not JSON: %s", chunk.Data)
		}
		out.Write(append(chunk.Data, '\n'))
	}
}

func describe(err error) string {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return fmt.Sprintf("%+v", *f)
	}
	return err.Error()
}

// encode parses and encodes a request that is expected to be fine.
func encode(t *testing.T, body string) *provider.Call {
	t.Helper()
	call, err := tryEncode(t, body)
	if err != nil {
		t.Fatalf("EncodeChat: %v", err)
	}
	return call
}

func tryEncode(t *testing.T, body string) (*provider.Call, error) {
	t.Helper()
	req, err := chat.Parse([]byte(body))
	if err != nil {
		t.Fatalf("chat.Parse: %v", err)
	}
	return newTestDialect().EncodeChat(req, req.Model)
}
