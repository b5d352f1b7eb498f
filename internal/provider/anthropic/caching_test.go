package anthropic

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/tidwall/gjson"
)

// TestAutoCache: a cache is asked for where the client says nothing and its
// prompt is likely to come again, and nowhere else.
func TestAutoCache(t *testing.T) {
	t.Parallel()
	const (
		said     = `{"role":"assistant","content":"Yes?"}`
		result   = `{"role":"tool","tool_call_id":"c1","content":"x"}`
		marked   = `{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}`
		auto     = `{"type":"ephemeral"}`
		lasting  = `{"type":"ephemeral","ttl":"1h"}`
		otherOne = "llama-5"
	)
	talk := func(extra string, turns ...string) string {
		body := messages(turns...)
		return body[:len(body)-1] + extra + "}"
	}
	tests := []struct{ name, model, body, want string }{
		{"one prompt alone", "claude-opus-5", talk("", userTurn), ""},
		{"a conversation that goes on", "claude-opus-5", talk("", userTurn, said, userTurn), auto},
		{"a tool loop", "claude-opus-5", talk("", userTurn, toolUse, result), auto},
		{"a prefill is no turn", "claude-haiku-4-5", talk("", userTurn, said), ""},
		{"an assistant that speaks first", "claude-opus-5", talk("", said, userTurn), auto},
		{"a key for the cache", "claude-opus-5", talk(`,"prompt_cache_key":"k"`, userTurn), auto},
		{"an empty key", "claude-opus-5", talk(`,"prompt_cache_key":""`, userTurn), ""},
		{"a profile of Bedrock", "us.anthropic.claude-opus-5", talk("", userTurn, said, userTurn), auto},
		{"the client's own breakpoint", "claude-opus-5", talk("", userTurn, said, marked), ""},
		{"the client's own, at the top", "claude-opus-5", talk(`,"cache_control":`+lasting, userTurn, said, userTurn), lasting},
		{"the client's own, turned off", "claude-opus-5", talk(`,"cache_control":{}`, userTurn, said, userTurn), ""},
		{"the client's own life", "claude-opus-5", talk(`,"prompt_cache_retention":"24h"`, userTurn, said, userTurn), lasting},
		{"a model that is not Claude", otherOne, talk("", userTurn, said, userTurn), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := chat.Parse([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			for _, on := range []bool{true, false} {
				call, err := New(Config{AutoCache: on}).EncodeChat(req, tt.model)
				if err != nil {
					t.Fatal(err)
				}
				want := tt.want
				if !on && want == auto {
					want = ""
				}
				if got := gjson.GetBytes(call.Body, "cache_control").Raw; got != want {
					t.Errorf("auto %t: got %s, want %s", on, got, want)
				}
			}
		})
	}
}
