package responses

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const streamed = `{"model":"m","input":"x","stream":true,"reasoning":{"summary":"auto"},` +
	`"tools":[{"type":"function","name":"f"},{"type":"custom","name":"patch"}]}`

func chunk(delta string) string {
	return `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"up","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}`
}

func lastChunk(reason string) string {
	return `{"id":"chatcmpl-1","created":1,"model":"up","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
}

func open(t testing.TB, request string, body []byte) provider.Stream {
	t.Helper()
	return encode(t, request).Answer.Stream(bytes.NewReader(body))
}

// Until the first content the gateway may try another key, so what comes before
// it must not be taken for content.
func TestContent(t *testing.T) {
	t.Parallel()
	all, err := drain(open(t, streamed, sseOf(chunk(`{"role":"assistant","content":""}`), chunk(`{"content":"a"}`), lastChunk("stop"))))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for i, e := range all {
		opening := e.name == "response.created" || e.name == "response.in_progress"
		closing := strings.HasSuffix(e.name, ".done") || e.name == "response.completed"
		if want := !opening && !closing; e.content != want {
			t.Errorf("event %d, %s: content is %v, want %v", i, e.name, e.content, want)
		}
	}
}

func TestSignsOfLifePass(t *testing.T) {
	t.Parallel()
	s := open(t, streamed, append([]byte(": ping\n\n"), sseOf(chunk(`{"content":"a"}`))...))
	if got, err := s.Next(); err != nil || len(got.Data) > 0 || got.Content {
		t.Errorf("got %+v, %v; want a sign of life", got, err)
	}
}

// A stream without its terminator is none that was completed.
func TestTruncated(t *testing.T) {
	t.Parallel()
	body := bytes.TrimSuffix(sseOf(chunk(`{"content":"a"}`), lastChunk("stop")), []byte("data: [DONE]\n\n"))
	s := open(t, streamed, body)
	all, err := drain(s)
	if f := upstream.AsFault(err); f.Class != upstream.Truncated {
		t.Fatalf("got %v, want a fault of class truncated", err)
	}
	if got := all[len(all)-1].name; got != "response.output_text.delta" {
		t.Errorf("the last event is %s, want the delta", got)
	}
	if _, again := s.Next(); again != err {
		t.Errorf("asked again: got %v, want %v", again, err)
	}
}

func TestFailedEvent(t *testing.T) {
	t.Parallel()
	s := open(t, streamed, bytes.TrimSuffix(sseOf(chunk(`{"reasoning_content":"think"}`), chunk(`{"content":"a"}`)), []byte("data: [DONE]\n\n")))
	all, _ := drain(s)
	got := FailedEvent(s, "rate_limit_exceeded", `try again in 5s, "please"`)
	doc := gjson.ParseBytes(got.Data)
	if !gjson.ValidBytes(got.Data) || got.Event != "response.failed" || doc.Get("type").Str != got.Event {
		t.Fatalf("got %s: %s", got.Event, got.Data)
	}
	r := doc.Get("response")
	if r.Get("id").Str != all[0].data.Get("response.id").Str || r.Get("status").Str != "failed" || r.Get("output.#").Int() != 1 {
		t.Errorf("got %s, want the response as far as it came", r.Raw)
	}
	if r.Get("error.code").Str != "rate_limit_exceeded" || r.Get("error.message").Str != `try again in 5s, "please"` {
		t.Errorf("error: got %s", r.Get("error").Raw)
	}
	if doc.Get("sequence_number").Int() != int64(len(all)) {
		t.Errorf("sequence_number: got %s, want %d", doc.Get("sequence_number").Raw, len(all))
	}
	checkRequired(t, r)
}

// A stream that fails before it has begun has a response all the same.
func TestFailedEventBeforeTheFirst(t *testing.T) {
	t.Parallel()
	doc := gjson.ParseBytes(FailedEvent(open(t, streamed, nil), "server_error", "x").Data)
	if !strings.HasPrefix(doc.Get("response.id").Str, "resp_") || doc.Get("sequence_number").Int() != 0 {
		t.Errorf("got %s", doc.Raw)
	}
}

func TestFailedEventOfOthers(t *testing.T) {
	t.Parallel()
	got := FailedEvent(&chunks{}, "server_error", "it broke")
	doc := gjson.ParseBytes(got.Data)
	if !gjson.ValidBytes(got.Data) || got.Event != "error" || doc.Get("type").Str != "error" {
		t.Fatalf("got %s: %s", got.Event, got.Data)
	}
	for _, path := range []string{"", "error."} {
		if doc.Get(path+"code").Str != "server_error" || doc.Get(path+"message").Str != "it broke" || !doc.Get(path+"param").Exists() {
			t.Errorf("%q: got %s", path, doc.Raw)
		}
	}
}

// news draws what a chunk can bring, for at most three calls.
func news() *rapid.Generator[string] {
	text := rapid.Custom(func(t *rapid.T) string { return quote(rapid.String().Draw(t, "text")) })
	argument := rapid.SampledFrom([]string{"", "{}", "{", `"input":"`, `a\u00e9\n`, `"}`, `{"input":"x"}`, "*** Begin"})
	return rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return `{"content":` + text.Draw(t, "content") + `}`
		case 1:
			return `{"reasoning_content":` + text.Draw(t, "thought") + `}`
		case 2:
			return `{"reasoning_details":[{"type":"reasoning.text","text":"","signature":"s","index":0}]}`
		case 3:
			return `{"refusal":` + text.Draw(t, "refusal") + `}`
		case 4:
			return `{"annotations":[{"type":"url_citation","url_citation":{"url":` + text.Draw(t, "url") + `}}]}`
		default:
			n := rapid.IntRange(0, 2).Draw(t, "call")
			return fmt.Sprintf(`{"tool_calls":[{"index":%d,"id":"c%d","function":{"name":%q,"arguments":%s}}]}`,
				n, n, []string{"f", "patch", "f"}[n], quote(argument.Draw(t, "arguments")))
		}
	})
}

// Whatever comes in whatever order, a client that trusts nothing finds nothing.
func TestGrammar(t *testing.T) {
	t.Parallel()
	request := parse(t, streamed)
	rapid.Check(t, func(t *rapid.T) {
		var docs []string
		for _, n := range rapid.SliceOfN(news(), 0, 20).Draw(t, "news") {
			docs = append(docs, chunk(n))
		}
		docs = append(docs, lastChunk(rapid.SampledFrom([]string{"stop", "tool_calls", "length", "content_filter"}).Draw(t, "reason")))
		call, err := Encode(request, compatible{}, provider.NativeRequest{Model: "up"})
		if err != nil {
			t.Fatal(err)
		}
		all, err := drain(call.Answer.Stream(bytes.NewReader(sseOf(docs...))))
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		checkGrammar(t, all)
	})
}

// An answer is the same whether it was streamed or not.
func TestWholeIsWhatAStreamEndsWith(t *testing.T) {
	t.Parallel()
	const said = `{"role":"assistant","reasoning_content":"hm","content":"a","tool_calls":[` +
		`{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},` +
		`{"index":1,"id":"c2","type":"function","function":{"name":"patch","arguments":"{\"input\":\"x\"}"}}]}`
	all, err := drain(open(t, streamed, sseOf(chunk(said), lastChunk("tool_calls"))))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	whole := `{"id":"chatcmpl-1","created":1,"model":"up","choices":[{"index":0,"message":` + said + `,"finish_reason":"tool_calls"}]}`
	reply, err := encode(t, streamed).Answer.Whole([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(reply.Body), all[len(all)-1].data.Get("response").Raw; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWholeFaults(t *testing.T) {
	t.Parallel()
	if _, err := encode(t, streamed).Answer.Whole([]byte(`{"object":"list"}`)); upstream.AsFault(err).Class != upstream.Provider {
		t.Errorf("no choices: got %v, want a fault of the provider", err)
	}
	fault := &upstream.Fault{Class: upstream.Overload}
	if _, err := (&answer{chat: failing{fault: fault}}).Whole(nil); !errors.Is(err, fault) {
		t.Errorf("got %v, want the dialect's fault", err)
	}
}

// failing is the answer of a provider that has failed.
type failing struct {
	provider.Answer
	fault *upstream.Fault
}

func (f failing) Whole([]byte) (provider.Reply, error) { return provider.Reply{}, f.fault }

func TestUsage(t *testing.T) {
	t.Parallel()
	s := open(t, streamed, sseOf(chunk(`{"content":"a"}`), lastChunk("stop"),
		`{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":1}}}`))
	all, _ := drain(s)
	got := all[len(all)-1].data.Get("response.usage").Raw
	want := `{"input_tokens":10,"input_tokens_details":{"cached_tokens":6,"cache_write_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":14}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if u := s.Usage(); u.InputTokens != 4 || u.CacheReadTokens != 6 || !u.Exact {
		t.Errorf("usage: got %+v", u)
	}
}

// wrappedCall begins a call of a custom tool whose text goes on and on.
const wrappedCall = `{"tool_calls":[{"index":0,"id":"c","function":{"name":"patch","arguments":"{\"input\":\""}}]}`

// repeated is a body of one chunk over and over, without the memory for it.
func repeated(n int, delta string) io.Reader {
	one := []byte("data: " + chunk(delta) + "\n\n")
	first := strings.NewReader("data: " + chunk(wrappedCall) + "\n\n")
	return io.MultiReader(first, io.LimitReader(&loop{one: one}, int64(n*len(one))), bytes.NewReader(sseOf(lastChunk("stop"))))
}

type loop struct {
	one []byte
	at  int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.one[l.at:])
	l.at = (l.at + n) % len(l.one)
	return n, nil
}

// The work for N events must grow as N. Wall time would make a flaky test, so
// it measures what a quadratic translation multiplies: the memory allocated.
func TestStreamIsLinear(t *testing.T) {
	deltas := map[string]string{
		"text":     `{"content":"Hello"}`,
		"thoughts": `{"reasoning_content":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","index":0}]}`,
		"function": `{"tool_calls":[{"index":1,"id":"d","function":{"name":"f","arguments":" "}}]}`,
		"custom":   `{"tool_calls":[{"index":0,"id":"c","function":{"arguments":"+ line\\n"}}]}`,
		"mixed":    `{"content":"a","tool_calls":[{"index":1,"function":{"name":"f","arguments":" "}},{"index":0,"function":{"arguments":"x"}}]}`,
	}
	for name, delta := range deltas {
		t.Run(name, func(t *testing.T) {
			perEvent := func(n int) float64 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				all := 0
				s := encode(t, streamed).Answer.Stream(repeated(n, delta))
				for {
					_, err := s.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					all++
				}
				if all < n {
					t.Errorf("got %d events of %d chunks", all, n)
				}
				runtime.ReadMemStats(&after)
				return float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
			}
			most := 20_000
			if name == "text" || name == "mixed" {
				most = 100_000
			}
			few, many := perEvent(most/20), perEvent(most)
			if many > 2*few {
				t.Errorf("%.0f bytes an event for %d events, %.0f for %d", many, most, few, most/20)
			}
		})
	}
}

// A body written by hand has line breaks; an event must have none, since not all
// clients join the lines of one.
func TestEventsAreOneLine(t *testing.T) {
	t.Parallel()
	request := "{\"model\":\"m\",\n\"input\":\"x\",\"stream\":true,\"instructions\":\"a\\nb\",\"metadata\":{\n\"a\":\"b\"},\r\n" +
		"\"text\":{\"format\":{\n\"type\":\"text\"}},\"tools\":[\n{\"type\":\"function\",\"name\":\"f\"}\n]}"
	all, _ := drain(open(t, request, sseOf(chunk(`{"content":"a"}`), lastChunk("stop"))))
	for _, e := range all {
		if strings.ContainsAny(e.data.Raw, "\r\n") {
			t.Errorf("%s has several lines: %s", e.name, e.data.Raw)
		}
	}
	if got := all[len(all)-1].data.Get("response.tools").Raw; got != `[{"type":"function","name":"f"}]` {
		t.Errorf("tools: got %s", got)
	}
}

// A name that providers find too long is cut on the way there and whole again on
// the way back.
func TestLongNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long_name_", 10)
	call := encode(t, `{"model":"m","input":"x","tools":[{"type":"function","name":"`+long+`"}]}`)
	short := gjson.GetBytes(call.Body, "tools.0.function.name").Str
	if len(short) > maxName || !strings.HasPrefix(long, short[:maxName-9]) {
		t.Errorf("sent as %q", short)
	}
	reply, err := call.Answer.Whole([]byte(`{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"` + short + `","arguments":"{}"}}]}}]}`))
	if got := gjson.GetBytes(reply.Body, "output.0.name").Str; err != nil || got != long {
		t.Errorf("came back as %q, %v", got, err)
	}
}

func FuzzStream(f *testing.F) {
	for _, body := range golden.Inputs(f, "stream", ".sse") {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !validEvents(body) {
			return // the dialect would not have let it through
		}
		all, err := drain(open(t, streamed, body))
		if errors.Is(err, io.EOF) {
			checkGrammar(t, all)
		}
	})
}

func validEvents(body []byte) bool {
	s := passThrough{}.Stream(bytes.NewReader(body))
	for {
		c, err := s.Next()
		if err != nil {
			return true
		}
		if len(c.Data) > 0 && !gjson.ValidBytes(c.Data) {
			return false
		}
	}
}
