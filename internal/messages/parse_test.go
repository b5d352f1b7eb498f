package messages

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	req := parse(t, `{"model":"m","stream":true,"max_tokens":7,"novel":{"a":1},"messages":[{"role":"user","content":"x","more":1},{"role":"system","content":[]}],"tools":null,"system":null}`)
	if req.Model != "m" || !req.Stream || req.MaxOutput() != 7 || req.Get("novel.a").Exists() || !req.Get("novel").IsObject() {
		t.Errorf("got %q, %v, %d, %s", req.Model, req.Stream, req.MaxOutput(), req.Get("novel").Raw)
	}
	if got := parse(t, `{"model":"m","messages":[{"role":"user","content":"x"}]}`).MaxOutput(); got != 0 {
		t.Errorf("got %d tokens at most without max_tokens, want 0", got)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const ok = `"model":"m","messages":[{"role":"user","content":"x"}]`
	tests := []struct{ name, body, param string }{
		{"no JSON", `{"model":`, ""},
		{"no object", `[]`, ""},
		{"a field twice", `{` + ok + `,"stream":true,"stream":false}`, "stream"},
		{"no model", `{"messages":[]}`, "model"},
		{"a model that is a number", `{"model":1,"messages":[]}`, "model"},
		{"no messages", `{"model":"m"}`, "messages"},
		{"messages that are none", `{"model":"m","messages":[]}`, "messages"},
		{"a message that is a string", `{"model":"m","messages":["x"]}`, "messages[0]"},
		{"a role of Chat Completions", `{"model":"m","messages":[{"role":"user","content":""},{"role":"tool","content":""}]}`, "messages[1].role"},
		{"a role that is a number", `{"model":"m","messages":[{"role":1,"content":""}]}`, "messages[0].role"},
		{"no content", `{"model":"m","messages":[{"role":"user"}]}`, "messages[0].content"},
		{"content that is an object", `{"model":"m","messages":[{"role":"user","content":{}}]}`, "messages[0].content"},
		{"a stream of 1", `{` + ok + `,"stream":1}`, "stream"},
		{"a system that is an object", `{` + ok + `,"system":{}}`, "system"},
		{"broken max_tokens", `{` + ok + `,"max_tokens":1.5}`, "max_tokens"},
		{"negative max_tokens", `{` + ok + `,"max_tokens":-1}`, "max_tokens"},
		{"max_tokens in a string", `{` + ok + `,"max_tokens":"1"}`, "max_tokens"},
		{"tools that are an object", `{` + ok + `,"tools":{}}`, "tools"},
		{"a tool that is a string", `{` + ok + `,"tools":[{},"x"]}`, "tools[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.body))
			wantFault(t, err, tt.param)
		})
	}
}

func wantFault(t *testing.T, err error, param string) {
	t.Helper()
	var p *ParamError
	if !errors.As(err, &p) {
		t.Fatalf("got error %v, want a *ParamError", err)
	}
	if p.Param != param || p.Message == "" {
		t.Errorf("got %q (%s), want a fault of %q", p.Param, p.Message, param)
	}
}

// TestConversation groups requests: those of one group are one conversation.
func TestConversation(t *testing.T) {
	t.Parallel()
	const reply = `,{"role":"assistant","content":"yes"},{"role":"user","content":[{"type":"text","text":"more","cache_control":{"type":"ephemeral"}}]}`
	groups := map[string][]string{
		"a conversation": {
			`"system":"s","messages":[{"role":"user","content":"x"}]`,
			`"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]`,
			`"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"x"}` + reply + `]`,
			`"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}` + reply + `],"system":"s","max_tokens":9`,
			`"system":[{"type":"text","text":"x-anthropic-billing-header: cch=36ee5;"},{"type":"text","text":"s"}],"messages":[{"role":"user","content":"x"}]`,
			`"system":[{"type":"text","text":"x-anthropic-billing-header: cch=0aaa9;"},{"type":"text","text":"s"}],"messages":[{"role":"user","content":"x"}]`,
		},
		"another question":    {`"system":"s","messages":[{"role":"user","content":"y"}]`},
		"another system":      {`"system":"s2","messages":[{"role":"user","content":"x"}]`},
		"no system":           {`"messages":[{"role":"user","content":"x"}]`},
		"its text in system":  {`"system":[{"type":"text","text":"s"},{"type":"text","text":"x"}],"messages":[{"role":"user","content":[]}]`},
		"other tools":         {`"tools":[{"name":"t"}],"system":"s","messages":[{"role":"user","content":"x"}]`},
		"an image":            {`"system":"s","messages":[{"role":"user","content":[{"type":"image","text":"x"}]}]`},
		"a system turn first": {`"system":"s","messages":[{"role":"system","content":"t"},{"role":"user","content":"x"}]`},
		"a document that is marked, with questions": {
			`"messages":[{"role":"user","content":[{"type":"document","title":"d","cache_control":{"type":"ephemeral"}},{"type":"text","text":"one"}]}]`,
			`"messages":[{"role":"user","content":[{"type":"document","title":"d","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"two"}]}]`,
		},
	}
	seen := map[string]string{}
	for name, bodies := range groups {
		first := parse(t, `{"model":"m",`+bodies[0]+`}`).Conversation()
		if other, ok := seen[first]; ok {
			t.Errorf("%s and %s are taken for one conversation", name, other)
		}
		seen[first] = name
		for _, body := range bodies[1:] {
			if got := parse(t, `{"model":"other",`+body+`}`).Conversation(); got != first {
				t.Errorf("%s: got another key for %s", name, body)
			}
		}
		if len(first) != 32 {
			t.Errorf("got key %q, want 32 digits", first)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60) + "éé" + strings.Repeat("b", 20)
	var n names
	n.add("short")
	if n != nil {
		t.Errorf("got %v for a short name, want nothing kept", n)
	}
	n.add(long)
	n.add(strings.Repeat("a", 60) + "éé" + strings.Repeat("c", 20))
	if len(n) != 2 {
		t.Errorf("names that differ at the end became one: %v", n)
	}
	short := toolName(long)
	if len(short) > maxToolName || toolName(short) != short {
		t.Errorf("got %q, of %d bytes", short, len(short))
	}
	if diff := cmp.Diff(long, n[short]); diff != "" {
		t.Error(diff)
	}
}
