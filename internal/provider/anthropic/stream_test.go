package anthropic

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

const (
	startEvent = `data: {"type":"message_start","message":{"id":"msg_1","model":"claude-opus-5","usage":{"input_tokens":5,"output_tokens":1}}}` + "\n\n"
	textEvent  = `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word "}}` + "\n\n"
	deltaEvent = `data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}` + "\n\n"
	stopEvent  = `data: {"type":"message_stop"}` + "\n\n"
)

func newStream(body io.Reader, includeUsage bool) provider.Stream {
	return (&answer{now: newTestDialect().now, includeUsage: includeUsage}).Stream(body)
}

// drain reads to the end and returns the chunks' data.
func drain(t *testing.T, s provider.Stream) (chunks []string, err error) {
	t.Helper()
	for range 1 << 20 {
		chunk, err := s.Next()
		if err != nil {
			return chunks, err
		}
		chunks = append(chunks, string(chunk.Data))
	}
	t.Fatal("the stream has no end")
	return nil, nil
}

// TestStreamInPieces: events and characters may be cut anywhere on the wire.
func TestStreamInPieces(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse", ".request.json") {
		whole := transcript(t, newStream(bytes.NewReader(body), true))
		pieces := transcript(t, newStream(iotest.OneByteReader(bytes.NewReader(body)), true))
		if whole != pieces {
			t.Errorf("%s: got %s in one piece, %s byte by byte", name, whole, pieces)
		}
		windows := bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n"))
		if got := transcript(t, newStream(bytes.NewReader(windows), true)); got != whole {
			t.Errorf("%s: got %s with LF, %s with CRLF", name, whole, got)
		}
	}
}

// TestStreamEnds: an error is final, whatever would follow.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	fault := func(c upstream.Class) func(error) bool {
		return func(err error) bool { var f *upstream.Fault; return errors.As(err, &f) && f.Class == c }
	}
	tests := []struct {
		name string
		body io.Reader
		want func(error) bool
	}{
		{"well", strings.NewReader(startEvent + textEvent + deltaEvent + stopEvent + textEvent), func(err error) bool { return err == io.EOF }},
		{"without a blank line after the last event", strings.NewReader(startEvent + strings.TrimSpace(stopEvent)), func(err error) bool { return err == io.EOF }},
		{"empty", strings.NewReader(""), fault(upstream.Truncated)},
		{"early", strings.NewReader(startEvent + textEvent), fault(upstream.Truncated)},
		{"early by the transport's account", io.MultiReader(strings.NewReader(startEvent), iotest.ErrReader(io.ErrUnexpectedEOF)), fault(upstream.Truncated)},
		{"as the body reader does", io.MultiReader(strings.NewReader(startEvent), iotest.ErrReader(broken)), func(err error) bool { return errors.Is(err, broken) }},
		{"error event, then more", strings.NewReader(startEvent + `data: {"type":"error","error":{"type":"api_error","message":"x"}}` + "\n\n" + stopEvent), fault(upstream.Provider)},
		{"event beyond the bound", strings.NewReader(startEvent + "data: " + strings.Repeat("x", maxEvent) + "\n\n"), func(err error) bool { return err != nil && err != io.EOF }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStream(tt.body, false)
			_, err := drain(t, s)
			if !tt.want(err) {
				t.Errorf("got %v", err)
			}
			if chunk, again := s.Next(); again != err || len(chunk.Data) != 0 {
				t.Errorf("after %v got %v and %q", err, again, chunk.Data)
			}
		})
	}
}

// TestStreamUsageSoFar: when the stream breaks, what was reported until then
// is known, and known not to be final.
func TestStreamUsageSoFar(t *testing.T) {
	t.Parallel()
	s := newStream(strings.NewReader(startEvent+textEvent+deltaEvent), false)
	if got := s.Usage(); got != (upstream.Usage{}) {
		t.Errorf("before the first event got %+v, want nothing", got)
	}
	if _, err := drain(t, s); err == io.EOF {
		t.Fatal("a stream without message_stop ended well")
	}
	if got, want := s.Usage(), (upstream.Usage{InputTokens: 5, OutputTokens: 9}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestChunksShareTheirHead: id, object, created and model are the same on all,
// and the role is said once.
func TestChunksShareTheirHead(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse", ".request.json") {
		chunks, _ := drain(t, newStream(bytes.NewReader(body), true))
		roles, heads := 0, make(map[string]bool)
		for _, c := range chunks {
			if c == "" {
				continue
			}
			head, _, _ := strings.Cut(c, `,"choices":`)
			heads[head] = true
			if gjson.Get(c, "choices.0.delta.role").Exists() {
				roles++
			}
			if !gjson.Get(c, "usage").Exists() {
				t.Errorf("%s: asked for usage, but it is missing in %s", name, c)
			}
		}
		if len(heads) > 1 || roles != len(heads) {
			t.Errorf("%s: got %d roles and heads %v", name, roles, heads)
		}
	}
}

// TestThoughtsGoBack: what a client collects of an answer's reasoning, merged
// or as single deltas, gives the provider its own blocks again.
func TestThoughtsGoBack(t *testing.T) {
	t.Parallel()
	const thinking = `{"type":"thinking","thinking":"Let \u006de\n see.","signature":"sig=="}`
	const redacted = `{"type":"redacted_thinking","data":"opaque"}`
	reply, err := (&answer{now: newTestDialect().now}).Whole([]byte(
		`{"id":"msg_1","type":"message","content":[` + thinking + `,` + redacted + `,{"type":"text","text":"42"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	whole := gjson.GetBytes(reply.Body, "choices.0.message").Raw

	chunks, err := drain(t, newStream(strings.NewReader(startEvent+
		`data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}`+"\n\n"+
		`data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let \u006de"}}`+"\n\n"+
		`data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"\n see."}}`+"\n\n"+
		`data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig=="}}`+"\n\n"+
		`data: {"type":"content_block_start","index":1,"content_block":`+redacted+`}`+"\n\n"+stopEvent), false))
	if err != io.EOF {
		t.Fatal(err)
	}
	var details []string
	for _, c := range chunks {
		for _, d := range gjson.Get(c, "choices.0.delta.reasoning_details").Array() {
			details = append(details, d.Raw)
		}
	}
	pieces := `{"role":"assistant","content":"42","reasoning_details":[` + strings.Join(details, ",") + `]}`

	for name, message := range map[string]string{"whole": whole, "pieces": pieces} {
		got := gjson.GetBytes(encode(t, messages(userTurn, message, userTurn)).Body, "messages.1.content").Raw
		if want := `[` + thinking + `,` + redacted + `,{"type":"text","text":"42"}]`; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestWholeRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       upstream.Class
	}{
		{"empty", ``, upstream.Provider},
		{"page", `<html>`, upstream.Provider},
		{"cut off", `{"type":"message","content":[{"type":"text","text":"x`, upstream.Provider},
		{"other JSON", `{"ok":true}`, upstream.Provider},
		{"error", `{"type":"error","error":{"type":"overloaded_error","message":"x"}}`, upstream.Overload},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reply, err := (&answer{now: newTestDialect().now}).Whole([]byte(tt.body))
			var f *upstream.Fault
			if !errors.As(err, &f) || f.Class != tt.want || f.Status != 0 || reply.Body != nil {
				t.Errorf("got %q and %v, want a fault of class %q without status", reply.Body, err, tt.want)
			}
		})
	}
}
