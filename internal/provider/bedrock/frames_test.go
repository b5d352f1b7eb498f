package bedrock

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// The events of a short answer of Claude's.
var claudeEvents = []string{
	`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","content":[],"usage":{"input_tokens":7,"output_tokens":1}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}`,
	`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7}}`,
}

// chunksOf packs events as InvokeModelWithResponseStream does.
func chunksOf(tb testing.TB, events ...string) []byte {
	tb.Helper()
	var lines strings.Builder
	for _, e := range events {
		fmt.Fprintf(&lines, "chunk {\"bytes\":\"%s\",\"p\":\"abcd\"}\n", base64.StdEncoding.EncodeToString([]byte(e)))
	}
	return framesOf(tb, lines.String())
}

// converseLines are the frames of a short answer of Converse's.
const converseLines = `messageStart {"role":"assistant"}
contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hi"}}
contentBlockStop {"contentBlockIndex":0}
messageStop {"stopReason":"end_turn"}
metadata {"usage":{"inputTokens":7,"outputTokens":3,"cacheReadInputTokens":2}}
`

// answerOf is what reads the answers for a client of Chat Completions.
func answerOf(tb testing.TB, model string) provider.Answer {
	tb.Helper()
	call, err := newTestDialect().EncodeChat(parse(tb, `{"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}]}`), model)
	if err != nil {
		tb.Fatal(err)
	}
	return call.Answer
}

// forms are both wire formats with a short answer in each.
func forms(tb testing.TB) map[string]struct {
	answer provider.Answer
	body   []byte
} {
	return map[string]struct {
		answer provider.Answer
		body   []byte
	}{
		"invoke":   {answerOf(tb, "anthropic.claude-opus-5"), chunksOf(tb, claudeEvents...)},
		"converse": {answerOf(tb, "amazon.nova-pro-v1:0"), framesOf(tb, converseLines)},
	}
}

func TestChatStream(t *testing.T) {
	t.Parallel()
	for name, f := range forms(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := f.answer.Stream(iotest.OneByteReader(bytes.NewReader(f.body)))
			text, err := readAll(s)
			if !errors.Is(err, io.EOF) {
				t.Fatalf("ended with %v, want io.EOF", err)
			}
			if !strings.Contains(text, `"content":"Hi"`) || !strings.Contains(text, `"finish_reason":"stop"`) {
				t.Errorf("got %s", text)
			}
			u := s.Usage()
			if !u.Exact || u.InputTokens != 7 || u.OutputTokens != 3 {
				t.Errorf("got usage %+v, want 7 in, 3 out, exact", u)
			}
		})
	}
}

// TestEveryTruncation: wherever the body breaks off, the client is not told that
// the answer has ended well, and the usage is not called exact.
func TestEveryTruncation(t *testing.T) {
	t.Parallel()
	for name, f := range forms(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for cut := range f.body {
				s := f.answer.Stream(bytes.NewReader(f.body[:cut]))
				_, err := readAll(s)
				var fault *upstream.Fault
				if !errors.As(err, &fault) || fault.Class != upstream.Truncated || s.Usage().Exact {
					t.Fatalf("cut after %d of %d bytes: got %v and %+v, want class truncated", cut, len(f.body), err, s.Usage())
				}
			}
		})
	}
}

// TestEveryFlippedBit: a damaged answer never ends well.
func TestEveryFlippedBit(t *testing.T) {
	t.Parallel()
	for name, f := range forms(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range f.body {
				bad := bytes.Clone(f.body)
				bad[i] ^= 0x10
				s := f.answer.Stream(bytes.NewReader(bad))
				_, err := readAll(s)
				var fault *upstream.Fault
				if !errors.As(err, &fault) || fault.Class != upstream.Provider || !strings.Contains(fault.Message, "damaged") || s.Usage().Exact {
					t.Fatalf("byte %d damaged: got %v, want the provider's fault", i, err)
				}
			}
		})
	}
}

// TestExceptions: what fails in the stream keeps its meaning, and what was said
// before it is not lost.
func TestExceptions(t *testing.T) {
	t.Parallel()
	exception := func(name string) []byte {
		return framesOf(t, "!"+name+` {"message":"why"}`+"\n")
	}
	tests := []struct {
		name  string
		frame []byte
		want  upstream.Class
	}{
		{"throttled", exception("throttlingException"), upstream.RateLimit},
		{"model's fault", exception("modelStreamErrorException"), upstream.Provider},
		{"internal", exception("internalServerException"), upstream.Provider},
		{"no capacity", exception("serviceUnavailableException"), upstream.Overload},
		{"too slow", exception("modelTimeoutException"), upstream.Timeout},
		{"client's fault", exception("validationException"), upstream.Client},
		{"of the transport", frame(t, "", ":message-type", "error", ":error-code", "InternalError", ":error-message", "why"), upstream.Provider},
		{"no base64", framesOf(t, `chunk {"bytes":"%"}`+"\n"), upstream.Provider},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := answerOf(t, "anthropic.claude-opus-5").Stream(bytes.NewReader(append(chunksOf(t, claudeEvents[:3]...), tt.frame...)))
			text, err := readAll(s)
			var fault *upstream.Fault
			if !errors.As(err, &fault) || fault.Class != tt.want || fault.Status != 0 {
				t.Errorf("got %v, want class %s and status 0", err, tt.want)
			}
			if !strings.Contains(text, `"content":"Hi"`) {
				t.Errorf("got %s, want what came before", text)
			}
			if s.Usage().InputTokens != 7 || s.Usage().Exact {
				t.Errorf("got usage %+v, want what was known by then", s.Usage())
			}
		})
	}
}

// TestErrorEvent: Claude's own errors come as events within the frames.
func TestErrorEvent(t *testing.T) {
	t.Parallel()
	body := chunksOf(t, claudeEvents[0], `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)
	_, err := readAll(answerOf(t, "anthropic.claude-opus-5").Stream(bytes.NewReader(body)))
	var fault *upstream.Fault
	if !errors.As(err, &fault) || fault.Class != upstream.Overload {
		t.Errorf("got %v, want class overload", err)
	}
}

// TestOtherFrames: kinds that are younger than this package are passed over, as
// a sign of life.
func TestOtherFrames(t *testing.T) {
	t.Parallel()
	body := append(framesOf(t, "initial-response {}\nfuture {\"a\":1}\n"), chunksOf(t, claudeEvents...)...)
	s := answerOf(t, "anthropic.claude-opus-5").Stream(bytes.NewReader(body))
	for i := range 2 {
		if chunk, err := s.Next(); err != nil || chunk.Data != nil || chunk.Content {
			t.Fatalf("frame %d: got %+v, %v, want a sign of life", i, chunk, err)
		}
	}
	if text, err := readAll(s); !errors.Is(err, io.EOF) || !strings.Contains(text, "Hi") {
		t.Errorf("got %s, %v, want the answer", text, err)
	}
}

func TestReadersError(t *testing.T) {
	t.Parallel()
	died := errors.New("connection reset")
	for name, f := range forms(t) {
		body := io.MultiReader(bytes.NewReader(f.body[:len(f.body)/2]), iotest.ErrReader(died))
		if _, err := readAll(f.answer.Stream(body)); !errors.Is(err, died) {
			t.Errorf("%s: got %v, want the reader's own error", name, err)
		}
	}
}

func TestChatWhole(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, model, body, want string }{
		{"invoke", "anthropic.claude-opus-5",
			`{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}`, `"content":"Hi"`},
		{"converse", "amazon.nova-pro-v1:0",
			`{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":7,"outputTokens":3}}`, `"id":"chatcmpl-ID"`},
	}
	for _, tt := range tests {
		reply, err := answerOf(t, tt.model).Whole([]byte(tt.body))
		if err != nil || !strings.Contains(string(reply.Body), tt.want) {
			t.Errorf("%s: got %s, %v, want %s in it", tt.name, reply.Body, err, tt.want)
		}
		if u := reply.Usage; !u.Exact || u.InputTokens != 7 || u.OutputTokens != 3 {
			t.Errorf("%s: got usage %+v, want 7 in, 3 out, exact", tt.name, u)
		}
	}
}

func TestBadWhole(t *testing.T) {
	t.Parallel()
	const message = `{"output":{"message":{"content":[]}},"stopReason":`
	for _, body := range []string{``, `<html>`, `{}`, `{"output":{}}`, message + `"malformed_model_output"}`, message + `"end_tu`} {
		_, err := answerOf(t, "amazon.nova-pro-v1:0").Whole([]byte(body))
		var fault *upstream.Fault
		if !errors.As(err, &fault) || fault.Class != upstream.Provider {
			t.Errorf("%q: got %v, want the provider's fault", body, err)
		}
	}
}
