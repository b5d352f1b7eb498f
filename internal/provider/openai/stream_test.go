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

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// call encodes a request with these fields besides model and messages.
func call(tb testing.TB, cfg openai.Config, fields string) *provider.Call {
	tb.Helper()
	req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"hi"}]` + fields + `}`))
	if err != nil {
		tb.Fatal(err)
	}
	c, err := openai.New(cfg).EncodeChat(req, "up")
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// The two ways a client streams: with usage of its own wish, and without, when
// the usage chunk is ours to take out.
const (
	asked    = `,"stream":true,"stream_options":{"include_usage":true}`
	notAsked = `,"stream":true`
)

// transcript writes down what a stream yields.
func transcript(s provider.Stream) string {
	var out strings.Builder
	for {
		chunk, err := s.Next()
		if err != nil {
			fmt.Fprintf(&out, "end %s\n", ending(err))
			u := s.Usage()
			fmt.Fprintf(&out, "usage {InputTokens:%d CacheReadTokens:%d CacheWriteTokens:%d OutputTokens:%d ReasoningTokens:%d Exact:%v}\n",
				u.InputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.OutputTokens, u.ReasoningTokens, u.Exact)
			return out.String()
		}
		switch {
		case len(chunk.Data) == 0:
			out.WriteString("alive\n")
		case chunk.Content:
			fmt.Fprintf(&out, "content %s\n", chunk.Data)
		default:
			fmt.Fprintf(&out, "chunk %s\n", chunk.Data)
		}
	}
}

func ending(err error) string {
	var fault *upstream.Fault
	if errors.As(err, &fault) {
		return fmt.Sprintf("%+v", *fault)
	}
	return err.Error()
}

// Each stream of testdata/streams is as a server sent it; beside it stands what
// a client who asked for usage gets. However the network cuts it, it is the same.
func TestStreamGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/streams/*.sse")
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
			answer := call(t, openai.Config{}, asked).Answer
			got := transcript(answer.Stream(bytes.NewReader(body)))
			golden.Check(t, strings.TrimSuffix(file, ".sse")+".golden", []byte(got))
			for i := range body {
				cut := io.MultiReader(bytes.NewReader(body[:i]), bytes.NewReader(body[i:]))
				if again := transcript(answer.Stream(cut)); again != got {
					t.Fatalf("cut at byte %d it reads differently:\n%s", i, cmp.Diff(got, again))
				}
			}
		})
	}
}

// A stream that ends early at any byte must never look complete, and one that
// ends after its finish_reason always does.
func TestStreamCutAnywhere(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/streams/openai-text.sse")
	if err != nil {
		t.Fatal(err)
	}
	finish := bytes.Index(body, []byte(`"finish_reason":"stop"`))
	finished := finish + bytes.Index(body[finish:], []byte("}\n")) + 1 // the chunk is whole here
	answer := call(t, openai.Config{}, asked).Answer
	for i := range body {
		s := answer.Stream(bytes.NewReader(body[:i]))
		got := strings.Split(transcript(s), "end ")[1]
		complete := strings.HasPrefix(got, "EOF")
		if i < finished && complete {
			t.Errorf("cut at byte %d of %d: taken for complete", i, len(body))
		}
		if !complete && !strings.Contains(got, "Class:truncated") {
			t.Errorf("cut at byte %d: %s, want class truncated", i, got)
		}
	}
	if s := answer.Stream(bytes.NewReader(body[:finished])); !strings.Contains(transcript(s), "end EOF") {
		t.Error("cut after the finish_reason: not taken for complete")
	}
}

// A connection that breaks is no clean end, even after the finish_reason: the
// usage may be missing.
func TestStreamBodyErrors(t *testing.T) {
	t.Parallel()
	const finished = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	reset := errors.New("connection reset by peer")
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"cut body", io.ErrUnexpectedEOF, "{Class:truncated"},
		{"other error is the reader's own", reset, "connection reset by peer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := io.MultiReader(strings.NewReader(finished), iotest.ErrReader(tt.err))
			got := transcript(call(t, openai.Config{}, asked).Answer.Stream(body))
			if !strings.Contains(got, "end "+tt.want) {
				t.Errorf("got %s, want an end with %s", got, tt.want)
			}
		})
	}
}

func TestStreamEventTooLarge(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader("data: "), strings.NewReader(strings.Repeat("x", 33<<20)))
	_, err := call(t, openai.Config{}, asked).Answer.Stream(body).Next()
	var fault *upstream.Fault
	if !errors.As(err, &fault) || fault.Class != upstream.Provider {
		t.Errorf("error %v, want a fault of class provider", err)
	}
}

// A server that sends no finish_reason at all: what was reported by [DONE] is final.
func TestStreamUsageIsExactAfterDone(t *testing.T) {
	t.Parallel()
	const body = "data: {\"choices\":[],\"usage\":{\"completion_tokens\":3}}\n\ndata: [DONE]\n\n"
	s := call(t, openai.Config{}, asked).Answer.Stream(strings.NewReader(body))
	transcript(s)
	if u := s.Usage(); u.OutputTokens != 3 || !u.Exact {
		t.Errorf("usage %+v, want 3 exact output tokens", u)
	}
}

// The end is final, and nothing is read beyond [DONE].
func TestStreamEndIsFinal(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader("data: [DONE] \n\n"), iotest.ErrReader(errors.New("read on")))
	s := call(t, openai.Config{}, asked).Answer.Stream(body)
	for range 2 {
		if _, err := s.Next(); err != io.EOF {
			t.Errorf("got %v, want io.EOF", err)
		}
	}
}

// What the client did not ask for it does not get; all else comes byte by byte.
func TestStreamHidesUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		cfg    openai.Config
		fields string
		file   string
		hidden bool
		output int64 // 0: no usage known
	}{
		{"asked for", openai.Config{}, asked, "openai-text", false, 46},
		{"not asked for", openai.Config{}, notAsked, "openai-text", true, 46},
		{"not asked for, with tools", openai.Config{}, notAsked, "openai-tools", true, 46},
		{"compatible", openai.Config{Compatible: true}, notAsked, "azure", true, 9},
		{"usage in a chunk with choices stays", openai.Config{}, notAsked, "deepseek", false, 30},
		{"a server that sends it anyway", openai.Config{OmitStreamUsage: true}, notAsked, "openai-text", false, 46},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile("testdata/streams/" + tt.file + ".sse")
			if err != nil {
				t.Fatal(err)
			}
			s := call(t, tt.cfg, tt.fields).Answer.Stream(bytes.NewReader(body))
			got := transcript(s)
			whole := transcript(call(t, openai.Config{}, asked).Answer.Stream(bytes.NewReader(body)))
			if missing := strings.Count(whole, "\n") - strings.Count(got, "\n"); (missing == 1) != tt.hidden {
				t.Errorf("%d chunks were taken out, want the usage chunk hidden: %v", missing, tt.hidden)
			}
			if hasUsage := strings.Contains(got, `"prompt_tokens":`); hasUsage == tt.hidden {
				t.Errorf("usage in what the client gets: %v, want %v", hasUsage, !tt.hidden)
			}
			if u := s.Usage(); u.OutputTokens != tt.output || !u.Exact {
				t.Errorf("usage %+v, want %d exact output tokens", u, tt.output)
			}
		})
	}
}

// The usual case of a client without include_usage, chunk by chunk: the bytes
// between "data: " and the blank line, less the usage chunk.
func TestStreamIsByteIdentical(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/streams/openai-tools.sse")
	if err != nil {
		t.Fatal(err)
	}
	s := call(t, openai.Config{}, notAsked).Answer.Stream(bytes.NewReader(body))
	events := strings.Split(strings.TrimSuffix(string(body), "\n\n"), "\n\n")
	for _, event := range events[:len(events)-2] { // without usage and [DONE]
		chunk, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimPrefix(event, "data: "); string(chunk.Data) != want {
			t.Errorf("got  %s\nwant %s", chunk.Data, want)
		}
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("got %v, want io.EOF", err)
	}
}

// FuzzStream: whatever a server sends, the stream ends without panic, and with
// success only if it saw [DONE] or a finish_reason.
func FuzzStream(f *testing.F) {
	files, _ := filepath.Glob("testdata/streams/*.sse")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	answer := call(f, openai.Config{}, notAsked).Answer
	f.Fuzz(func(t *testing.T, body []byte) {
		s := answer.Stream(bytes.NewReader(body))
		got := transcript(s)
		if strings.Contains(got, "\nend EOF") && !bytes.Contains(body, []byte("[DONE]")) && !bytes.Contains(body, []byte("finish_reason")) {
			// An escaped field name is the same field.
			if !bytes.Contains(body, []byte(`\u00`)) {
				t.Errorf("success without terminator:\n%s", got)
			}
		}
		u := s.Usage()
		for _, n := range []int64{u.InputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.OutputTokens, u.ReasoningTokens} {
			if n < 0 {
				t.Errorf("negative usage %+v", u)
			}
		}
	})
}

func BenchmarkStream(b *testing.B) {
	const chunk = `data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,` +
		`"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_44709d6fcb",` +
		`"choices":[{"index":0,"delta":{"content":" world"},"logprobs":null,"finish_reason":null}],"usage":null}` + "\n\n"
	body := []byte(strings.Repeat(chunk, 500) + "data: [DONE]\n\n")
	answer := call(b, openai.Config{}, notAsked).Answer
	src := bytes.NewReader(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		src.Reset(body)
		s := answer.Stream(src)
		for {
			if _, err := s.Next(); err != nil {
				break
			}
		}
	}
}
