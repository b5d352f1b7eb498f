package openai_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// named writes down what a stream of typed events yields.
func named(s provider.Stream) string {
	var out strings.Builder
	for {
		chunk, err := s.Next()
		switch {
		case err != nil:
			u := s.Usage()
			fmt.Fprintf(&out, "end %s\nusage in %d, cached %d, out %d, reasoning %d, exact %v\n", ending(err),
				u.InputTokens, u.CacheReadTokens, u.OutputTokens, u.ReasoningTokens, u.Exact)
			return out.String()
		case len(chunk.Data) == 0:
			out.WriteString("alive\n")
		default:
			fmt.Fprintf(&out, "%s content=%v %s\n", chunk.Event, chunk.Content, chunk.Data)
		}
	}
}

// Each stream of testdata/events is as a server sends it; beside it stands what a
// client gets of it. However the network cuts it, it is the same.
func TestEventsGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/events/*.sse")
	if err != nil || len(files) == 0 {
		t.Fatalf("no streams to test: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			answer := ask(t, provider.Responses, `{"model":"m"}`, true).Answer
			got := named(answer.Stream(bytes.NewReader(body)))
			golden.Check(t, strings.TrimSuffix(file, ".sse")+".golden", []byte(got))
			if again := named(answer.Stream(iotest.OneByteReader(bytes.NewReader(body)))); again != got {
				t.Errorf("byte by byte it reads differently:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

// A response that ends early at any byte must never look complete.
func TestEventsCutAnywhere(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/events/responses-text.sse")
	if err != nil {
		t.Fatal(err)
	}
	end := bytes.Index(body, []byte("event: response.completed"))
	whole := end + bytes.Index(body[end:], []byte("}\n")) + 1 // the last event is whole here
	answer := ask(t, provider.Responses, `{}`, true).Answer
	for i := range whole {
		if got := named(answer.Stream(bytes.NewReader(body[:i]))); !strings.Contains(got, "Class:truncated") {
			t.Errorf("cut at byte %d of %d it is not taken for truncated", i, len(body))
		}
	}
	if got := named(answer.Stream(bytes.NewReader(body[:whole]))); !strings.Contains(got, "end EOF") {
		t.Errorf("whole at byte %d, but: %s", whole, got)
	}
}

// The last event is the end: nothing is read beyond it, and the end is final.
func TestEventsEnd(t *testing.T) {
	t.Parallel()
	const last = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{}}\n\n"
	body := io.MultiReader(strings.NewReader(last), iotest.ErrReader(errors.New("read on")))
	s := ask(t, provider.Responses, `{}`, true).Answer.Stream(body)
	if chunk, err := s.Next(); err != nil || !chunk.Content || chunk.Event != "response.completed" {
		t.Errorf("got %+v, %v; want the last event", chunk, err)
	}
	for range 2 {
		if _, err := s.Next(); err != io.EOF {
			t.Errorf("got %v, want EOF", err)
		}
	}
	if s.Usage().Exact {
		t.Error("usage is exact, but none was told")
	}
}

func TestEventsBodyErrors(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset by peer")
	answer := ask(t, provider.Responses, `{}`, true).Answer
	if _, err := answer.Stream(iotest.ErrReader(reset)).Next(); !errors.Is(err, reset) {
		t.Errorf("got %v, want the reader's own error", err)
	}
	_, err := answer.Stream(io.MultiReader(strings.NewReader("data: "), strings.NewReader(strings.Repeat("x", 33<<20)))).Next()
	if f := upstream.AsFault(err); f.Class != upstream.Provider {
		t.Errorf("an event too large: got %v, want class provider", err)
	}
}

func TestCompletionsEndWithDone(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/streams/completions.sse")
	if err != nil {
		t.Fatal(err)
	}
	s := ask(t, provider.Completions, `{"model":"m"}`, true).Answer.Stream(bytes.NewReader(body))
	got := transcript(s)
	if !strings.Contains(got, "content {\"id\":\"cmpl-1\"") || !strings.Contains(got, "end EOF") || s.Usage().OutputTokens != 1 {
		t.Errorf("got %s", got)
	}
}

func FuzzEvents(f *testing.F) {
	files, _ := filepath.Glob("testdata/events/*.sse")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := ask(t, provider.Responses, `{}`, true).Answer.Stream(bytes.NewReader(body))
		for range len(body) + 2 {
			_, err := s.Next()
			if err == nil {
				continue
			}
			var fault *upstream.Fault
			if err != io.EOF && !errors.As(err, &fault) {
				t.Errorf("got %v, want EOF or a fault", err)
			}
			if u := s.Usage(); u.InputTokens < 0 || u.OutputTokens < 0 || u.Exact && err != io.EOF {
				t.Errorf("usage %+v after %v", u, err)
			}
			return
		}
		t.Error("the stream has no end")
	})
}

func BenchmarkEvents(b *testing.B) {
	const n = 1000
	delta := "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" word\",\"sequence_number\":7}\n\n"
	body := []byte(strings.Repeat(delta, n) + "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":1000}}}\n\n")
	answer := ask(b, provider.Responses, `{}`, true).Answer
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		s, events := answer.Stream(bytes.NewReader(body)), 0
		for {
			if _, err := s.Next(); err != nil {
				break
			}
			events++
		}
		if events != n+1 {
			b.Fatalf("%d events", events)
		}
	}
}
