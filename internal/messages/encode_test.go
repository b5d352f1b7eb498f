package messages

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

// nativeDialect has the API, or not.
type nativeDialect struct {
	*openai.Dialect
	has bool
}

var _ provider.Native = nativeDialect{}

func (n nativeDialect) EncodeNative(r provider.NativeRequest) (*provider.Call, bool) {
	return &provider.Call{Path: "/" + string(r.API), Body: r.Body}, n.has
}

func TestEncodeNative(t *testing.T) {
	t.Parallel()
	const before = ` { "messages" : [ {"role":"user","content":"fallow:"},{"content": [`
	const after = `], "role":"assistant","x":1}, {"role":"user","content":[{"type":"text","text":"on"}]}] , "model":"m" } `
	const signed = `{"type":"thinking","thinking":"a","signature":"ErUB"}`
	const foreign = `{"type":"thinking","thinking":"b","signature":"fallow:reasoning"}`
	const call = `{"type":"tool_use","id":"t","name":"n","input":{"a": "fallow:"}}`
	const dot = `{"type":"text","text":"."}`
	const slim = ` { "messages" : [{"role":"user","content":"fallow:"},{"content":[%],"role":"assistant","x":1},{"role":"user","content":[{"type":"text","text":"on"}]}] , "model":"m" } `
	tests := []struct{ name, blocks, want string }{
		{"as it came", signed + ` , ` + call, before + signed + ` , ` + call + after},
		{"without the thoughts of another", foreign + `,` + signed + `, ` + foreign + `,` + call, strings.Replace(slim, "%", signed+","+call, 1)},
		{"with nothing left", foreign, strings.Replace(slim, "%", dot, 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := parse(t, before+tt.blocks+after)
			for _, api := range []provider.API{provider.Messages, provider.CountTokens} {
				got, ok := Native(req, nativeDialect{has: true}, provider.NativeRequest{API: api, Body: req.Raw})
				if !ok || got.Path != "/"+string(api) {
					t.Fatalf("got %v, %+v", ok, got)
				}
				if diff := cmp.Diff(tt.want, string(got.Body)); diff != "" {
					t.Errorf("body differs (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Thoughts of another stand beside a string of an assistant's, which stays.
func TestNativeKeepsStrings(t *testing.T) {
	t.Parallel()
	body := `{"model":"m","messages":[{"role":"assistant","content":"\"fallow:\""},{"role":"assistant","content":"fallow:"},{"role":"user","content":"\\"}],"x":"fallow:"}`
	if got := string(withoutOurs(&parse(t, body).Document)); got != body {
		t.Errorf("got %s, want %s", got, body)
	}
}

func TestEncodeByWayOfChat(t *testing.T) {
	t.Parallel()
	req := parse(t, with(`"top_k":1`))
	r := provider.NativeRequest{API: provider.Messages, Body: req.Raw, Model: "gpt-5"}
	for _, d := range []provider.Dialect{openai.New(openai.Config{}), nativeDialect{openai.New(openai.Config{}), false}} {
		got, err := Encode(req, d, r)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Stream || got.Path != "/chat/completions" || !slices.Contains(got.Dropped, "top_k") {
			t.Errorf("got %+v", got)
		}
		if want := `{"model":"gpt-5","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":100,"stream":true,"stream_options":{"include_usage":true}}`; string(got.Body) != want {
			t.Errorf("got %s, want %s", got.Body, want)
		}
	}
	if _, ok := Native(req, openai.New(openai.Config{}), r); ok {
		t.Error("a dialect without further APIs has one")
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	r := provider.NativeRequest{API: provider.Messages, Model: "claude-sonnet-5"}
	_, err := Encode(parse(t, with(`"top_p":2`)), openai.New(openai.Config{}), r)
	wantFault(t, err, "top_p")
	// The dialect's own fault: a result is missing (case 50).
	_, err = Encode(parse(t, saying(`{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{}}]},{"role":"user","content":"x"}`)), claude{anthropic.New(anthropic.Config{})}, r)
	wantFault(t, err, "messages[1].tool_calls[0]")
}

// claude is Anthropic's dialect as if it had no Messages API of its own: a request
// goes there by way of Chat Completions.
type claude struct{ provider.Dialect }

var _ Extended = claude{}

func (claude) ReadsExtensions() bool { return true }

// roundTrip translates a request to Chat Completions and from there to Messages.
func roundTrip(t tester, body string) map[string]any {
	t.Helper()
	req := parse(t, body)
	got, err := Encode(req, claude{anthropic.New(anthropic.Config{})}, provider.NativeRequest{API: provider.Messages, Body: req.Raw, Model: req.Model})
	if err != nil {
		t.Fatalf("Encode: %v\n%s", err, body)
	}
	var doc map[string]any
	if err := json.Unmarshal(got.Body, &doc); err != nil {
		t.Fatalf("%v: %s", err, got.Body)
	}
	return doc
}

// anyConversation is a conversation in the form in which the Messages API returns
// and takes it: thoughts first, then texts, then calls, each with its result.
var anyConversation = rapid.Custom(func(rt *rapid.T) map[string]any {
	t := &drawing{T: rt}
	list := []any{userTurn(t, nil)}
	for range rapid.IntRange(0, 3).Draw(t.T, "turns") {
		blocks, ids := assistantTurn(t)
		list = append(list, map[string]any{"role": "assistant", "content": blocks}, userTurn(t, ids))
	}
	return map[string]any{
		"model": "claude-opus-4-5", "max_tokens": 4096.0, "stream": true,
		"system":   []any{marked(t, textBlock(t))},
		"messages": list,
		"tools":    []any{marked(t, map[string]any{"name": "run", "description": "Runs.", "input_schema": map[string]any{"type": "object"}})},
		"thinking": map[string]any{"type": "enabled", "budget_tokens": 2000.0},
		"metadata": map[string]any{},
	}
})

func textBlock(t *drawing) map[string]any {
	return map[string]any{"type": "text", "text": "." + rapid.StringMatching(`[a-z <>&"\\é中🎉\n]{0,20}`).Draw(t.T, "text")}
}

func imageBlock() map[string]any {
	return map[string]any{"type": "image", "source": map[string]any{"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
}

// drawing draws a request, with no more breakpoints than the API takes.
type drawing struct {
	*rapid.T
	marks int
}

func marked(t *drawing, block map[string]any) map[string]any {
	if t.marks < 4 && rapid.Bool().Draw(t.T, "marked") {
		t.marks++
		block["cache_control"] = map[string]any{"type": "ephemeral", "ttl": "1h"}
	}
	return block
}

func assistantTurn(t *drawing) (blocks []any, ids []string) {
	for i := range rapid.IntRange(0, 2).Draw(t.T, "thoughts") {
		if i == 0 {
			blocks = append(blocks, map[string]any{"type": "thinking", "thinking": textBlock(t)["text"], "signature": "ErUB"})
		} else {
			blocks = append(blocks, map[string]any{"type": "redacted_thinking", "data": "RmFs"})
		}
	}
	blocks = append(blocks, marked(t, textBlock(t)))
	for i := range rapid.IntRange(0, 3).Draw(t.T, "calls") {
		id := "toolu_" + string(rune('a'+i))
		ids = append(ids, id)
		input := map[string]any{"command": textBlock(t)["text"], "nested": map[string]any{"list": []any{1.0, "x", nil}}}
		blocks = append(blocks, marked(t, map[string]any{"type": "tool_use", "id": id, "name": "run", "input": input}))
	}
	return blocks, ids
}

func userTurn(t *drawing, ids []string) map[string]any {
	var blocks []any
	for _, id := range ids {
		result := map[string]any{"type": "tool_result", "tool_use_id": id, "content": []any{textBlock(t), imageBlock()}}
		if rapid.Bool().Draw(t.T, "failed") {
			result["is_error"] = true
		}
		blocks = append(blocks, marked(t, result))
	}
	blocks = append(blocks, marked(t, textBlock(t)), marked(t, imageBlock()))
	return map[string]any{"role": "user", "content": blocks}
}

// What Claude is told does not change on the way through Chat Completions and back:
// texts, thoughts with signatures, calls, results, errors, pictures and breakpoints
// (cases 41 to 45, 81 to 83, 88, 94, 133).
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := anyConversation.Draw(t, "request")
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := roundTrip(t, string(body))
		for _, field := range []string{"model", "system", "messages", "tools", "max_tokens", "thinking", "stream"} {
			if diff := cmp.Diff(want[field], got[field]); diff != "" {
				t.Errorf("%s differs (-sent +arrived):\n%s", field, diff)
			}
		}
	})
}

// The same request becomes the same bytes: case 92.
func TestToChatIsDeterministic(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "request", ".json") {
		first, again := translate(t, string(body), Options{}), translate(t, string(body), Options{})
		if !bytes.Equal(first.Request.Raw, again.Request.Raw) {
			t.Errorf("%s: got %s, then %s", name, first.Request.Raw, again.Request.Raw)
		}
	}
}
