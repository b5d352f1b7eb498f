package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

// collect puts a message together of events.
func collect(t testing.TB, events []byte) []byte {
	t.Helper()
	whole, err := inOnePiece(events, newTestDialect().now)
	if err != nil {
		t.Fatalf("the events are no message: %v", err)
	}
	return whole
}

func sameJSON(t testing.TB, want, got []byte) string {
	t.Helper()
	var w, g any
	if err := errors.Join(json.Unmarshal(want, &w), json.Unmarshal(got, &g)); err != nil {
		t.Fatalf("%v in %s or %s", err, want, got)
	}
	return cmp.Diff(w, g)
}

// TestCollectGolden holds testdata/stream/NAME.sse against NAME.message.json,
// the message that the API would have answered with, or the fault.
func TestCollectGolden(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse", ".request.json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			whole, err := inOnePiece(body, newTestDialect().now)
			var fault *upstream.Fault
			if errors.As(err, &fault) {
				golden.Check(t, name+".message.json", readable(t, map[string]any{"Fault": fault}))
				return
			}
			golden.Check(t, name+".message.json", readable(t, json.RawMessage(whole)))
		})
	}
}

// TestCollectReadsAsStreamed: a client gets the same of an answer, whether its
// events are collected or translated one by one. Only an input that is cut off
// within can be told in pieces and not in one; and odd_values, which no provider
// sends, only has to be JSON.
func TestCollectReadsAsStreamed(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse", ".request.json") {
		if strings.HasSuffix(name, "odd_values") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			reply, err := answerTo(t, name).Whole(body)
			streamed := answerTo(t, name).Stream(bytes.NewReader(body))
			if err != nil {
				_, want := drain(t, streamed)
				if describe(err) != describe(want) {
					t.Errorf("collected: %v, streamed: %v", err, want)
				}
				return
			}
			got, want := readWhole(reply.Body), readStream(t, streamed)
			want.Details = nil
			if strings.HasSuffix(name, "_cut_short") {
				got.Content, want.Content = "", ""
			}
			if diff := cmp.Diff(want, got); diff != "" || reply.Usage != streamed.Usage() {
				t.Errorf("usage %+v, want %+v; (-streamed +collected):\n%s", reply.Usage, streamed.Usage(), diff)
			}
		})
	}
}

// TestCollectAsTheProviderWould asks the simulated provider for each kind of
// answer, in one piece and as events.
func TestCollectAsTheProviderWould(t *testing.T) {
	t.Parallel()
	const tools = `"tools":[{"name":"f","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}},{"name":"g","input_schema":{"type":"object"}}]`
	const search = `"tools":[{"type":"web_search_20250305","name":"web_search"}]`
	for _, asked := range []string{
		`"messages":[{"role":"user","content":"Hällo 🦄 sim:pings"}]`,
		`"messages":[{"role":"user","content":"Hi"}],"thinking":{"type":"adaptive","display":"summarized"}`,
		`"messages":[{"role":"user","content":"Hi sim:redacted"}]`,
		`"messages":[{"role":"user","content":"Use parallel tools"}],` + tools,
		`"messages":[{"role":"user","content":"sim:search"}],` + search,
		`"messages":[{"role":"user","content":"sim:pause"}],` + search,
		`"messages":[{"role":"user","content":"sim:citations"}]`,
		`"messages":[{"role":"user","content":"sim:refusal"}]`,
		`"messages":[{"role":"user","content":"Hi"}],"stop_sequences":["wrote"]`,
		`"cache_control":{"type":"ephemeral","ttl":"1h"},"messages":[{"role":"user","content":"` + strings.Repeat("long prompt ", 2000) + `"}]`,
	} {
		body := []byte(`{"model":"claude-opus-5","max_tokens":64000,` + asked + `}`)
		call := native(t, provider.NativeRequest{API: provider.Messages, Body: body, Model: "claude-opus-5"})
		prompt, refused := judge.Parse(call.Body, call.Header)
		if refused != nil {
			t.Fatalf("%.200s: refused: %s", asked, refused.Message)
		}
		if !prompt.Stream || call.Stream {
			t.Errorf("%.200s: asked as a stream: of the provider %t, by the client %t; want true, false", asked, prompt.Stream, call.Stream)
		}
		id, composed := &dialogue.Call{ID: "1", MessageID: "01A", Model: "claude-opus-5"}, dialogue.Compose(prompt, 30)
		var events bytes.Buffer
		for _, e := range judge.Events(id, composed) {
			events.Write(e.Data)
		}
		want, err := call.Answer.Whole(judge.Whole(id, composed))
		if err != nil {
			t.Fatal(err)
		}
		got, err := call.Answer.Whole(events.Bytes())
		if err != nil {
			t.Fatalf("%.200s: %v", asked, err)
		}
		if diff := sameJSON(t, want.Body, got.Body); diff != "" || got.Usage != want.Usage {
			t.Errorf("%.200s: usage %+v, want %+v; (-whole +collected):\n%s", asked, got.Usage, want.Usage, diff)
		}
	}
}

// cuts draws how text comes in pieces. They may be empty, and cut an escape's
// pair of surrogates in two.
func cuts(t *rapid.T, text string) []string {
	var pieces []string
	runes := []rune(text)
	for len(runes) > 0 {
		n := rapid.IntRange(0, len(runes)).Draw(t, "piece")
		pieces = append(pieces, string(runes[:n]))
		runes = runes[n:]
		if n == 0 && rapid.Bool().Draw(t, "rest") {
			n = len(runes)
			pieces, runes = append(pieces, string(runes[:n])), nil
		}
	}
	return pieces
}

func quoted(text string) string { return string(gjson.AppendJSONString(nil, text)) }

// drawBlock draws a block, as it is in one piece, as it begins, and its deltas.
func drawBlock(t *rapid.T) (whole, start string, deltas []string) {
	add := func(kind, field string, pieces []string) {
		for _, p := range pieces {
			deltas = append(deltas, `{"type":"`+kind+`","`+field+`":`+quoted(p)+`}`)
		}
	}
	text := rapid.String().Draw(t, "text")
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		add("text_delta", "text", cuts(t, text))
		return `{"type":"text","text":` + quoted(text) + `}`, `{"type":"text","text":""}`, deltas
	case 1:
		add("thinking_delta", "thinking", cuts(t, text))
		add("signature_delta", "signature", []string{"s" + text})
		return `{"type":"thinking","thinking":` + quoted(text) + `,"signature":` + quoted("s"+text) + `}`, `{"type":"thinking","thinking":"","signature":""}`, deltas
	case 2:
		input := `{"a": [1, ` + quoted(text) + `]}`
		add("input_json_delta", "partial_json", cuts(t, input))
		return `{"type":"tool_use","id":"t","name":"f","input":` + input + `}`, `{"type":"tool_use","id":"t","name":"f","input":{}}`, deltas
	case 3:
		add("text_delta", "text", cuts(t, text))
		deltas = append(deltas, `{"type":"citations_delta","citation":{"url":1}}`, `{"type":"citations_delta","citation":{"url":2}}`)
		return `{"type":"text","text":` + quoted(text) + `,"citations":[{"url":1},{"url":2}]}`, `{"type":"text","text":"","citations":null}`, deltas
	default:
		block := `{"type":"novel_tool_result","content":` + quoted(text) + `}`
		return block, block, nil
	}
}

// TestCollectPieces: in whatever pieces the deltas come, and whatever comes
// between them, the message is the same.
func TestCollectPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want []string
		events := sse.AppendEvent(nil, "message_start", []byte(`{"type":"message_start","message":{"type":"message","content":[],"stop_reason":null}}`))
		event := func(kind, rest string) {
			if rapid.IntRange(0, 9).Draw(t, "between") == 0 {
				events = sse.AppendComment(sse.AppendEvent(events, "novel", []byte(`{"type":"novel"}`)), "")
			}
			events = sse.AppendEvent(events, kind, []byte(`{"type":"`+kind+`"`+rest+`}`))
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "blocks") {
			whole, start, deltas := drawBlock(t)
			want = append(want, whole)
			index := `,"index":` + strconv.Itoa(i)
			event("content_block_start", index+`,"content_block":`+start)
			for _, d := range deltas {
				event("content_block_delta", index+`,"delta":`+d)
			}
			event("content_block_stop", index)
		}
		event("message_delta", `,"delta":{"stop_reason":"end_turn"}`)
		event("message_stop", "")
		got, err := inOnePiece(events, newTestDialect().now)
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"type":"message","content":[` + strings.Join(want, ",") + `],"stop_reason":"end_turn"}`; string(got) != want {
			t.Fatalf("got  %s\nwant %s\nof %s", got, want, events)
		}
	})
}

// TestCollectCutAnywhere: what ends before message_stop does is no answer.
func TestCollectCutAnywhere(t *testing.T) {
	t.Parallel()
	body := golden.Inputs(t, "stream", ".sse", ".request.json")[filepath.Join("testdata", "stream", "thinking")]
	end := bytes.LastIndex(body, []byte("message_stop\"}")) + len("message_stop\"}")
	for i := len("event:"); i < end; i++ {
		_, err := inOnePiece(body[:i], newTestDialect().now)
		var fault *upstream.Fault
		if !errors.As(err, &fault) || fault.Class != upstream.Truncated {
			t.Fatalf("cut at %d of %d: got %v, want a fault of class truncated", i, end, err)
		}
	}
	collect(t, body[:end])
}

func TestCollectFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       upstream.Class
	}{
		{"error at once", `data: {"type":"error","error":{"type":"overloaded_error","message":"x"}}` + "\n\n", upstream.Overload},
		{"error after content", startEvent + textEvent + `data: {"type":"error","error":{"type":"api_error","message":"x"}}` + "\n\n" + stopEvent, upstream.Provider},
		{"no message_stop", startEvent + textEvent + deltaEvent, upstream.Truncated},
		{"no message_start", textEvent + deltaEvent + stopEvent, upstream.Truncated},
		{"a comment only", ": hello\n\n", upstream.Truncated},
		{"event beyond the bound", "data: " + strings.Repeat("x", maxEvent) + "\n\n", upstream.Provider},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for form, a := range map[string]provider.Answer{"chat": &answer{now: newTestDialect().now}, "native": &nativeAnswer{now: newTestDialect().now}} {
				reply, err := a.Whole([]byte(tt.body))
				var f *upstream.Fault
				if !errors.As(err, &f) || f.Class != tt.want || reply.Body != nil {
					t.Errorf("%s: got %q and %v, want a fault of class %q", form, reply.Body, err, tt.want)
				}
			}
		})
	}
}

// TestCollectOdd: what the docs do not say must not spoil what they do.
func TestCollectOdd(t *testing.T) {
	t.Parallel()
	start := func(block string) string {
		return `data: {"type":"content_block_start","index":0,"content_block":` + block + "}\n\n"
	}
	delta := func(delta string) string {
		return `data: {"type":"content_block_delta","index":0,"delta":` + delta + "}\n\n"
	}
	tests := []struct{ name, events, path, want string }{
		{"a byte order mark", "", "type", `"message"`},
		{"an input that was cut off", start(`{"type":"tool_use","input":{}}`) + delta(`{"type":"input_json_delta","partial_json":"{\"a\":"}`), "content.0.input", `{}`},
		{"an input that is no object", start(`{"type":"tool_use","input":{}}`) + delta(`{"type":"input_json_delta","partial_json":"7"}`), "content.0.input", `{}`},
		{"half a character in each delta", start(`{"type":"text","text":""}`) + delta(`{"type":"text_delta","text":"\ud83e"}`) + delta(`{"type":"text_delta","text":"\udd84"}`), "content.0.text", `"\ud83e\udd84"`},
		{"text in the start", start(`{"type":"text","text":"a"}`) + delta(`{"type":"text_delta","text":"b"}`), "content.0.text", `"ab"`},
		{"text that was missing in the start", start(`{"type":"text"}`) + delta(`{"type":"text_delta","text":"b"}`), "content.0.text", `"b"`},
		{"a name in disguise", start(`{"type":"text","te\u0078t":"a"}`) + delta(`{"type":"text_delta","text":"b"}`), "content.0", `{"type":"text","text":"ab"}`},
		{"a compaction", start(`{"type":"compaction","content":null}`) + delta(`{"type":"compaction_delta","content":"sum"}`), "content.0", `{"type":"compaction","content":"sum"}`},
		{"a delta of a kind to come", start(`{"type":"novel","a":1}`) + delta(`{"type":"novel_delta","a":2,"b":[3]}`), "content.0", `{"type":"novel","a":2,"b":[3]}`},
		{"a delta of no block", delta(`{"type":"text_delta","text":"x"}`), "content", `[]`},
		{"a block that is none", start(`7`) + delta(`{"type":"text_delta","text":"x"}`), "content.0", `{"text":"x"}`},
		{"a second start", startEvent + start(`{"type":"text","text":"x"}`), "content.#", `1`},
		{"null takes no place", `data: {"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"a":1}}}` + "\n\n" + `data: {"type":"message_delta","delta":{"stop_reason":null,"stop_details":null,"container":null},"usage":{"input_tokens":null}}` + "\n\n", "@this|usage.input_tokens", `5`},
		{"what stands beside the delta", `data: {"type":"message_delta","delta":{},"context_management":{"applied_edits":[]}}` + "\n\n", "context_management", `{"applied_edits":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first := strings.Replace(startEvent, `"id":`, `"type":"message","id":`, 1)
			got := collect(t, []byte("\ufeff"+first+tt.events+stopEvent))
			if v := gjson.GetBytes(got, tt.path).Raw; v != tt.want || !json.Valid(got) {
				t.Errorf("got %s in %s, want %s", v, got, tt.want)
			}
		})
	}
}

// TestUsageOfCollected: what is paid is the same as of a stream.
func TestUsageOfCollected(t *testing.T) {
	t.Parallel()
	const start = `data: {"type":"message_start","message":{"usage":{"input_tokens":5,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1}}}` + "\n\n"
	want := upstream.Usage{InputTokens: 5, CacheWriteTokens: 30, CacheWriteHourTokens: 20, OutputTokens: 9, Exact: true}
	for form, a := range map[string]provider.Answer{"chat": &answer{now: newTestDialect().now}, "native": &nativeAnswer{now: newTestDialect().now}} {
		reply, err := a.Whole([]byte(start + textEvent + deltaEvent + stopEvent))
		if err != nil || reply.Usage != want {
			t.Errorf("%s collected: got %+v, %v; want %+v", form, reply.Usage, err, want)
		}
		s := a.Stream(strings.NewReader(start + textEvent + deltaEvent + stopEvent))
		if drain(t, s); s.Usage() != want {
			t.Errorf("%s stream: got %+v, want %+v", form, s.Usage(), want)
		}
	}
	reply, err := (&nativeAnswer{now: newTestDialect().now}).Whole([]byte(`data: {"type":"message_start","message":{}}` + "\n\n" + stopEvent))
	if err != nil || reply.Usage.Exact || gjson.GetBytes(reply.Body, "usage").Exists() {
		t.Errorf("without usage got %s, %+v, %v; want none, not exact", reply.Body, reply.Usage, err)
	}
}

func TestLongAnswersAreAskedAsEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fields []string
		want   bool
	}{
		{"default", nil, false},
		{"at the bound", []string{`"max_tokens":21333`}, false},
		{"beyond it", []string{`"max_completion_tokens":21334`}, true},
		{"a budget beyond it", []string{`"thinking":{"type":"enabled","budget_tokens":30000}`}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := chat.Parse([]byte(request(append([]string{"claude-haiku-4-5"}, tt.fields...)...)))
			if err != nil {
				t.Fatal(err)
			}
			call, err := newTestDialect().EncodeChat(req, req.Model)
			if err != nil {
				t.Fatal(err)
			}
			if got := gjson.GetBytes(call.Body, "stream").Bool(); got != tt.want || call.Stream {
				t.Errorf("asked for events: %t, want %t; and the call says stream: %t, want false", got, tt.want, call.Stream)
			}
		})
	}
}

// TestNativeStreamField: the field is set where the answer may be long, and else
// the body keeps its bytes.
func TestNativeStreamField(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"short", `{"model":"a","max_tokens":21333}`, `{"model":"up","max_tokens":21333}`},
		{"long", "{\"model\":\"a\" , \"max_tokens\":21334 \n} ", "{\"model\":\"up\" , \"max_tokens\":21334,\"stream\":true \n} "},
		{"long, said not to stream", `{"stream": false,"max_tokens":64000,"model":"a"}`, `{"stream": true,"max_tokens":64000,"model":"up"}`},
		{"long, null, twice", `{"stream":null,"max_tokens":64000,"stream":false}`, `{"stream":true,"max_tokens":64000,"stream":true}`},
		{"a long budget", `{"thinking":{"type":"enabled","budget_tokens":30000}}`, `{"thinking":{"type":"enabled","budget_tokens":30000},"stream":true}`},
		{"short, said not to stream", `{"stream":false,"max_tokens":1}`, `{"stream":false,"max_tokens":1}`},
		{"further inside", `{"max_tokens":1,"metadata":{"max_tokens":64000,"stream":false}}`, `{"max_tokens":1,"metadata":{"max_tokens":64000,"stream":false}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := native(t, provider.NativeRequest{API: provider.Messages, Body: []byte(tt.body), Model: "up"})
			if got := string(call.Body); got != tt.want || call.Stream {
				t.Errorf("got %s and stream %t, want %s and false", got, call.Stream, tt.want)
			}
			for _, other := range []provider.NativeRequest{
				{API: provider.CountTokens, Body: []byte(tt.body), Model: "up"},
				{API: provider.Messages, Body: []byte(tt.body), Model: "up", Stream: true},
			} {
				if got, want := string(native(t, other).Body), strings.Replace(tt.body, `"a"`, `"up"`, 1); got != want {
					t.Errorf("%s, stream %t: got %s, want %s", other.API, other.Stream, got, want)
				}
			}
		})
	}
}

// FuzzCollect: a body of events becomes a message that is JSON, or a fault, and
// has the same end whether it is collected or streamed.
func FuzzCollect(f *testing.F) {
	for _, body := range golden.Inputs(f, "stream", ".sse", ".request.json") {
		f.Add(body)
	}
	f.Add([]byte(startEvent + `data: {"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":7}}` + "\n\n" + stopEvent))
	f.Fuzz(func(t *testing.T, body []byte) {
		if !isEvents(body) {
			return
		}
		whole, err := inOnePiece(body, newTestDialect().now)
		var fault *upstream.Fault
		if err != nil && !errors.As(err, &fault) {
			t.Fatalf("got %v, want a fault", err)
		}
		if err == nil && !json.Valid(whole) {
			t.Fatalf("not JSON: %s", whole)
		}
		s := (&nativeAnswer{now: newTestDialect().now}).Stream(bytes.NewReader(body))
		if _, ended := drain(t, s); (err == nil) != s.Usage().Exact {
			t.Fatalf("collected: %v, streamed: %v", err, ended)
		}
	})
}

// BenchmarkCollect shows that the time for an event is the same in answers of
// any length.
func BenchmarkCollect(b *testing.B) {
	for _, events := range []int{500, 50_000} {
		body := []byte(startEvent + `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n" +
			strings.Repeat(textEvent, events) + deltaEvent + stopEvent)
		b.Run(fmt.Sprint(events), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				collect(b, body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
		})
	}
}
