package responses

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
)

// thinkingTurn is an answer of Anthropic's with two signed thoughts, a redacted
// one and two calls.
var thinkingTurn = events2sse(
	`{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-opus-5","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see \"it\"."}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCkYIBxgC+/w=="}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwKAhgB"}}`,
	`{"type":"content_block_stop","index":1}`,
	`{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Patching."}}`,
	`{"type":"content_block_stop","index":2}`,
	`{"type":"content_block_start","index":3,"content_block":{"type":"thinking","thinking":""}}`,
	`{"type":"content_block_delta","index":3,"delta":{"type":"signature_delta","signature":"second"}}`,
	`{"type":"content_block_stop","index":3}`,
	`{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"patch","input":{}}}`,
	`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"input\": \"*** Beg"}}`,
	`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"in Patch\\n\"}"}}`,
	`{"type":"content_block_stop","index":4}`,
	`{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"f","input":{}}}`,
	`{"type":"content_block_stop","index":5}`,
	`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":40}}`,
	`{"type":"message_stop"}`,
)

func events2sse(docs ...string) []byte {
	return bytes.TrimSuffix(sseOf(docs...), []byte("data: [DONE]\n\n"))
}

// TestToolLoop plays two turns of an agent with a model that wants its thoughts
// back: the client returns the items it got, as Codex does, and the provider gets
// the blocks that it sent, byte for byte and in their order.
func TestToolLoop(t *testing.T) {
	t.Parallel()
	d := anthropic.New(anthropic.Config{})
	first := askClaude(t, d, `[{"role":"user","content":"go"}]`)
	all, err := drain(first.Answer.Stream(bytes.NewReader(thinkingTurn)))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	checkGrammar(t, all)

	items := []string{`{"role":"user","content":"go"}`}
	for _, item := range all[len(all)-1].data.Get("response.output").Array() {
		items = append(items, item.Raw)
	}
	items = append(items, `{"type":"custom_tool_call_output","call_id":"toolu_1","output":"Done!"}`,
		`{"type":"function_call_output","call_id":"toolu_2","output":""}`)
	second := askClaude(t, d, "["+strings.Join(items, ",")+"]")

	got := gjson.GetBytes(second.Body, "messages.1.content")
	want := `[{"type":"thinking","thinking":"Let me see \"it\".","signature":"EqQBCkYIBxgC+/w=="},` +
		`{"type":"redacted_thinking","data":"EmwKAhgB"},{"type":"text","text":"Patching."},` +
		`{"type":"thinking","thinking":"","signature":"second"},` +
		`{"type":"tool_use","id":"toolu_1","name":"patch","input":{"input":"*** Begin Patch\n"}},` +
		`{"type":"tool_use","id":"toolu_2","name":"f","input":{}}]`
	if got.Raw != want {
		t.Errorf("got  %s\nwant %s", got.Raw, want)
	}
	if got := gjson.GetBytes(second.Body, "messages.2.content.#.tool_use_id").Raw; got != `["toolu_1","toolu_2"]` {
		t.Errorf("results: got %s", got)
	}
}

func askClaude(t *testing.T, d provider.Dialect, input string) *provider.Call {
	t.Helper()
	req := parse(t, `{"model":"m","stream":true,"store":false,"reasoning":{"effort":"medium","summary":"auto"},"input":`+input+`,`+
		`"tools":[{"type":"custom","name":"patch"},{"type":"function","name":"f","parameters":null}]}`)
	// A dialect may come to have the API; the way through Chat Completions is meant.
	call, err := Encode(req, struct{ provider.Dialect }{d}, provider.NativeRequest{Model: "claude-opus-5"})
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// A refusal of the provider's safety system is told as one, and as incomplete:
// what came before it is not an answer.
func TestRefusalOfClaude(t *testing.T) {
	t.Parallel()
	call := askClaude(t, anthropic.New(anthropic.Config{}), `"x"`)
	reply, err := call.Answer.Whole([]byte(`{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5",` +
		`"content":[],"stop_reason":"refusal","usage":{"input_tokens":3,"output_tokens":0}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := gjson.ParseBytes(reply.Body)
	if r.Get("status").Str != "incomplete" || r.Get("incomplete_details.reason").Str != "content_filter" ||
		r.Get("output.0.content.0.type").Str != "refusal" {
		t.Errorf("got %s", r.Raw)
	}
}
