package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// spokenAnswer is an answer of a Chat Completions server.
type spokenAnswer struct {
	reasoning, text string
	calls           []spokenCall
}

type spokenCall struct{ id, name, arguments string }

var anyAnswer = rapid.Custom(func(t *rapid.T) spokenAnswer {
	letters := rapid.StringMatching(`[a-z {}"\\é中🎉\n]{0,20}`)
	a := spokenAnswer{reasoning: letters.Draw(t, "reasoning"), text: letters.Draw(t, "text")}
	for i := range rapid.IntRange(0, 4).Draw(t, "calls") {
		arguments, err := json.Marshal(rapid.MapOf(letters, letters).Draw(t, "arguments"))
		if err != nil {
			t.Fatal(err)
		}
		a.calls = append(a.calls, spokenCall{fmt.Sprintf("call_%d", i), letters.Draw(t, "name"), string(arguments)})
	}
	return a
})

func quoted(s string) string { return string(appendString(nil, s)) }

// whole writes the answer as a completion.
func (a spokenAnswer) whole() []byte {
	var calls []string
	for _, c := range a.calls {
		calls = append(calls, fmt.Sprintf(`{"id":%s,"type":"function","function":{"name":%s,"arguments":%s}}`, quoted(c.id), quoted(c.name), quoted(c.arguments)))
	}
	return fmt.Appendf(nil, `{"id":"chatcmpl-1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%s,"reasoning_content":%s,"tool_calls":[%s]},"finish_reason":"stop"}]}`,
		quoted(a.text), quoted(a.reasoning), strings.Join(calls, ","))
}

// cut splits s at places between characters.
func cut(t *rapid.T, s string) []string {
	var pieces []string
	for runes := []rune(s); len(runes) > 0; {
		n := rapid.IntRange(1, len(runes)).Draw(t, "cut")
		pieces = append(pieces, string(runes[:n]))
		runes = runes[n:]
	}
	return pieces
}

// stream writes the answer as chunks: reasoning, text and calls one after another,
// but the calls mixed with each other.
func (a spokenAnswer) stream(t *rapid.T) []byte {
	var deltas []string
	for _, piece := range cut(t, a.reasoning) {
		deltas = append(deltas, `"reasoning_content":`+quoted(piece))
	}
	for _, piece := range cut(t, a.text) {
		deltas = append(deltas, `"content":`+quoted(piece))
	}
	rest := make([][]string, len(a.calls))
	var left []int
	for i, c := range a.calls {
		deltas = append(deltas, fmt.Sprintf(`"tool_calls":[{"index":%d,"id":%s,"function":{"name":%s,"arguments":""}}]`, i, quoted(c.id), quoted(c.name)))
		rest[i] = cut(t, c.arguments)
		left = append(left, i)
	}
	for len(left) > 0 {
		at := rapid.IntRange(0, len(left)-1).Draw(t, "call")
		i := left[at]
		deltas = append(deltas, fmt.Sprintf(`"tool_calls":[{"index":%d,"function":{"arguments":%s}}]`, i, quoted(rest[i][0])))
		if rest[i] = rest[i][1:]; len(rest[i]) == 0 {
			left = slices.Delete(left, at, at+1)
		}
	}
	return chunks(append(deltas, ""), "stop")
}

// chunks writes a stream of these deltas, the last with a finish_reason.
func chunks(deltas []string, finish string) []byte {
	var b bytes.Buffer
	for i, d := range deltas {
		reason := "null"
		if i == len(deltas)-1 {
			reason = `"` + finish + `"`
		}
		fmt.Fprintf(&b, "data: {\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{%s},\"finish_reason\":%s}]}\n\n", d, reason)
	}
	b.WriteString("data: [DONE]\n\n")
	return b.Bytes()
}

// However a server cuts and mixes what it streams, the client gets the message that
// the whole answer gives, in an order that no client can refuse: cases 110, 111, 126
// and 130.
func TestStreamGivesTheWhole(t *testing.T) {
	t.Parallel()
	c := call(t, turn)
	rapid.Check(t, func(t *rapid.T) {
		a := anyAnswer.Draw(t, "answer")
		reply, err := c.Answer.Whole(a.whole())
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Content    []content
			StopReason string `json:"stop_reason"`
		}
		if err := json.Unmarshal(reply.Body, &want); err != nil {
			t.Fatalf("%v: %s", err, reply.Body)
		}
		got, err := accumulate(c.Answer.Stream(bytes.NewReader(a.stream(t))))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Content, got.content); len(want.Content)+len(got.content) > 0 && diff != "" {
			t.Errorf("the stream differs from the whole (-whole +stream):\n%s", diff)
		}
		if got.stopReason != want.StopReason {
			t.Errorf("got stop reason %q of the stream, %q of the whole", got.stopReason, want.StopReason)
		}
	})
}

// What fits into the names of upstream comes back under the client's, in a stream and
// in one piece: case 49.
func TestLongNamesComeBack(t *testing.T) {
	t.Parallel()
	long := "mcp__" + strings.Repeat("x", 100)
	c := call(t, with(`"tools":[{"name":"`+long+`"}]`))
	a := spokenAnswer{calls: []spokenCall{{"call_1", toolName(long), "{}"}}}
	reply, err := c.Answer.Whole(a.whole())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(reply.Body, []byte(`"name":"`+long+`"`)) || bytes.Contains(c.Body, []byte(long)) {
		t.Errorf("got %s for the request %s", reply.Body, c.Body)
	}
	got, err := accumulate(c.Answer.Stream(bytes.NewReader(chunks([]string{
		`"tool_calls":[{"index":0,"id":"call_1","function":{"name":"` + toolName(long) + `","arguments":"{}"}}]`}, "tool_calls"))))
	if err != nil || len(got.content) != 1 || got.content[0].Name != long {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFaultsPassThrough(t *testing.T) {
	t.Parallel()
	c := call(t, turn)
	for name, body := range map[string]string{
		"an error":      `{"error":{"message":"no","type":"server_error"}}`,
		"a page":        `<html>`,
		"no choices":    `{"id":"x","choices":[]}`,
		"another shape": `{"object":"list","data":[]}`,
	} {
		_, err := c.Answer.Whole([]byte(body))
		var f *upstream.Fault
		if !errors.As(err, &f) || f.Class != upstream.Provider {
			t.Errorf("%s: got %v, want a fault of the provider", name, err)
		}
	}
	broken := errors.New("connection reset")
	s := c.Answer.Stream(io.MultiReader(strings.NewReader("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"), failing{broken}))
	if _, err := accumulate(s); !errors.Is(err, broken) {
		t.Errorf("got %v, want the body's own error", err)
	}
	if _, err := s.Next(); !errors.Is(err, broken) {
		t.Errorf("got %v afterwards, want the same", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestSurrogates: a character that a server cuts in two arrives whole (case 15).
func TestSurrogates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cuts []string // raw
		want string
	}{
		{"cut in two", []string{`a\ud83c`, `\udf89b`}, "a🎉b"},
		{"alone, then cut in two", []string{`\uD83C`, `\uDF89`}, "🎉"},
		{"three in a row", []string{`\ud83c`, `\udf89\ud83c`, `\udf89`}, "🎉🎉"},
		{"never completed", []string{`a\ud83c`}, "a\ufffd"},
		{"letters behind a backslash", []string{`a\\ud83c`, `b`}, `a\ud83cb`},
		{"behind an escaped backslash", []string{`\\\ud83c`, `\udf89`}, `\🎉`},
		{"another character", []string{`\u00e9`, `\ud7ff`, `x`}, "é\ud7ffx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var deltas []string
			for _, raw := range tt.cuts {
				deltas = append(deltas, `"content":"`+raw+`"`)
			}
			got, err := accumulate(call(t, turn).Answer.Stream(bytes.NewReader(chunks(deltas, "stop"))))
			if err != nil || len(got.content) != 1 || got.content[0].Text != tt.want {
				t.Errorf("got %+q, %v, want %+q", got.content, err, tt.want)
			}
		})
	}
}

// Once an answer's object is whole nothing can be added to it, and a server that
// names no tool does not break the client.
func TestOddCalls(t *testing.T) {
	t.Parallel()
	got, err := accumulate(call(t, turn).Answer.Stream(bytes.NewReader(chunks([]string{
		`"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{}"}}]`,
		`"tool_calls":[{"index":0,"function":{"arguments":"\n"}}]`,
		`"novel":{},"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]`,
	}, "function_call"))))
	if err != nil {
		t.Fatal(err)
	}
	want := []content{{Type: "tool_use", ID: "a", Input: json.RawMessage("{}")}}
	if diff := cmp.Diff(want, got.content); diff != "" || got.stopReason != "tool_use" {
		t.Errorf("got stop reason %q and, (-want +got):\n%s", got.stopReason, diff)
	}
}
