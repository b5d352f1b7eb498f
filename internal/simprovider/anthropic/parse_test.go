package anthropic

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/google/go-cmp/cmp"
)

var dialect = Dialect{Models: catalogue.New(nil)}

// request is a minimal valid body in which the given top-level fields, as raw
// JSON, are set; an empty one is taken out.
func request(t testing.TB, fields map[string]string) []byte {
	t.Helper()
	all := map[string]json.RawMessage{
		"model": json.RawMessage(`"claude-sonnet-4-5"`), "max_tokens": json.RawMessage("100"),
		"messages": json.RawMessage(`[{"role":"user","content":"hello"}]`),
	}
	for name, raw := range fields {
		all[name] = json.RawMessage(raw)
		if raw == "" {
			delete(all, name)
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatalf("test writes bad JSON: %v", err)
	}
	return body
}

func headers() http.Header { return http.Header{"Anthropic-Version": {"2023-06-01"}} }

type fields = map[string]string

func messages(list ...string) string { return "[" + strings.Join(list, ",") + "]" }

func user(blocks string) string      { return `{"role":"user","content":` + blocks + `}` }
func assistant(blocks string) string { return `{"role":"assistant","content":` + blocks + `}` }

func uses(ids ...string) string {
	var blocks []string
	for _, id := range ids {
		blocks = append(blocks, `{"type":"tool_use","id":"`+id+`","name":"f","input":{}}`)
	}
	return assistant(messages(blocks...))
}

func result(id string) string {
	return `{"type":"tool_result","tool_use_id":"` + id + `","content":"ok"}`
}

const (
	hello  = `{"role":"user","content":"hello"}`
	aTool  = `{"name":"f","input_schema":{"type":"object"}}`
	pixel  = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	sonnet = `"claude-sonnet-5"`
)

func image(mediaType, data string) string {
	return messages(user(`[{"type":"image","source":{"type":"base64","media_type":"` + mediaType + `","data":"` + data + `"}}]`))
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	signed := `{"type":"thinking","thinking":"t","signature":"` + dialogue.Sign("t", 1) + `"}`
	tests := []struct {
		name   string
		fields fields
		header http.Header
	}{
		{"roles that do not alternate", fields{"messages": messages(hello, hello, assistant(`"a"`), assistant(`"b"`), hello)}, nil},
		{"results in several messages", fields{"messages": messages(hello, uses("a", "b"), user(messages(result("a"))), user(`[`+result("b")+`,{"type":"text","text":"so"}]`))}, nil},
		{"results with images and search", fields{"messages": messages(hello, uses("a"), user(`[{"type":"tool_result","tool_use_id":"a","is_error":true,"content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"`+pixel+`"}},{"type":"search_result"}]}]`))}, nil},
		{"a result without content", fields{"messages": messages(hello, uses("a"), user(`[{"type":"tool_result","tool_use_id":"a"}]`))}, nil},
		{"prefill where it may be", fields{"messages": messages(hello, assistant(`"The"`))}, nil},
		{"an empty prefill", fields{"messages": messages(hello, assistant(`[]`))}, nil},
		{"system in the middle", fields{"model": `"claude-opus-5"`, "messages": messages(hello, `{"role":"system","content":"x"}`, assistant(`"a"`), hello, `{"role":"system","content":"y"}`)}, nil},
		{"defaults of sampling on a new model", fields{"model": sonnet, "temperature": "1", "top_p": "0.99"}, nil},
		{"a tool loop with its thinking", fields{"max_tokens": "2000", "thinking": `{"type":"enabled","budget_tokens":1024}`, "messages": messages(hello, assistant(`[`+signed+`,{"type":"redacted_thinking","data":"x"},{"type":"tool_use","id":"a","name":"f","input":{}}]`), user(messages(result("a"))))}, nil},
		{"a beta field with its header", fields{"context_management": "{}"}, http.Header{"Anthropic-Version": {"2023-06-01"}, "Anthropic-Beta": {"x-1,context-management-2025-06-27"}}},
		{"a field of an unknown beta", fields{"novel": `{"a":1}`, "system": `[{"type":"text","text":"a","cache_control":{"type":"ephemeral","scope":"global"}}]`, "tools": `[{"name":"f","input_schema":{"type":"object"},"novel":true}]`}, http.Header{"Anthropic-Version": {"2023-06-01"}, "Anthropic-Beta": {"novel-2026-01-01"}}},
		{"the new version", fields{"model": sonnet, "messages": messages(user(`[{"type":"text","text":"a","citations":null},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"}}]`))}, http.Header{"Anthropic-Version": {newVersion}}},
		{"a URL in capitals", fields{"messages": messages(user(`[{"type":"image","source":{"type":"url","url":"HTTPS://example.com/a.png"}}]`))}, nil},
		{"hosted tools and their blocks", fields{"tools": `[{"type":"web_search_20250305","name":"web_search"}]`, "messages": messages(hello, assistant(`[{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]`), hello)}, nil},
		{"documents", fields{"messages": messages(user(`[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERg=="}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"}},{"type":"document","source":{"type":"file","file_id":"f"}},{"type":"document","source":{"type":"content","content":"a"}},{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]`))}, nil},
		{"null cache_control", fields{"system": `[{"type":"text","text":"a","cache_control":null}]`}, nil},
		{"schemas within bounds", fields{"output_config": `{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false,"$defs":{"a":{"type":"string"}}}}}`, "system": `"s"`}, nil},
		{"max_tokens 0", fields{"max_tokens": "0"}, nil},
		{"metadata and tier", fields{"metadata": `{"user_id":"u"}`, "service_tier": `"auto"`}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := tt.header
			if h == nil {
				h = headers()
			}
			if _, bad := dialect.Parse(request(t, tt.fields), h); bad != nil {
				t.Errorf("refused: %s", bad.Message)
			}
		})
	}
}

func TestPromptHoldsTheLastTurn(t *testing.T) {
	t.Parallel()
	p, bad := dialect.Parse(request(t, fields{
		"messages": messages(user(`"old"`), uses("a"), user(messages(result("a"))),
			user(`[{"type":"text","text":"one"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"`+pixel+`"}}]`), user(`"two"`)),
		"tools": messages(aTool), "tool_choice": `{"type":"auto","disable_parallel_tool_use":true}`,
		"stop_sequences": `["END"]`, "stream": "true",
	}), headers())
	if bad != nil {
		t.Fatal(bad.Message)
	}
	type summary struct {
		Text    string
		Results []string
		Media   []dialogue.Media
		Tool    string
		Choice  dialogue.Choice
		Stops   []string
		Stream  bool
	}
	got := summary{p.Text, p.Results, p.Media, p.Tools[0].Name, p.Choice, p.Stops, p.Stream}
	want := summary{"one\ntwo", []string{"ok"}, []dialogue.Media{{Type: "image/png", Bytes: 70}}, "f", dialogue.Choice{Single: true}, []string{"END"}, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prompt (-want +got):\n%s", diff)
	}
	if p.Tokens < dialogue.MediaTokens || p.Estimate < p.Tokens || p.Estimate > 2*p.Tokens {
		t.Errorf("tokens %d, estimate %d; want an estimate somewhat above the true size", p.Tokens, p.Estimate)
	}
}

func TestDigestDoesNotDependOnStreaming(t *testing.T) {
	t.Parallel()
	one, _ := dialect.Parse(request(t, fields{"stream": "true"}), headers())
	two, _ := dialect.Parse(request(t, fields{"stream": "false"}), headers())
	three, _ := dialect.Parse(request(t, fields{"system": `"s"`}), headers())
	if one.Digest != two.Digest || one.Digest == three.Digest {
		t.Errorf("digests %x, %x, %x; want the first two equal and the third different", one.Digest, two.Digest, three.Digest)
	}
}

func TestThinkingByModel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		fields      fields
		think, show bool
	}{
		{"old models do not think unasked", fields{}, false, true},
		{"new ones do, and hide it", fields{"model": sonnet}, true, false},
		{"shown when asked", fields{"model": sonnet, "thinking": `{"type":"adaptive","display":"summarized"}`}, true, true},
		{"hidden when asked", fields{"max_tokens": "2000", "thinking": `{"type":"enabled","budget_tokens":1024,"display":"omitted"}`}, true, false},
		{"switched off", fields{"model": sonnet, "thinking": `{"type":"disabled"}`}, false, false},
		{"a forced call leaves no room", fields{"model": sonnet, "tools": messages(aTool), "tool_choice": `{"type":"any"}`}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, bad := dialect.Parse(request(t, tt.fields), headers())
			if bad != nil {
				t.Fatal(bad.Message)
			}
			if p.Thinking != tt.think || p.ShowThinking != tt.show {
				t.Errorf("thinking %v shown %v, want %v and %v", p.Thinking, p.ShowThinking, tt.think, tt.show)
			}
		})
	}
}

// TestPrefixIgnoresTheMarks: the hash of a prefix is the same wherever the
// breakpoints stand and however a lone text is written, and differs once
// anything that the model sees differs.
func TestPrefixIgnoresTheMarks(t *testing.T) {
	t.Parallel()
	last := func(f fields) dialogue.Segment {
		p, bad := dialect.Parse(request(t, f), headers())
		if bad != nil {
			t.Fatal(bad.Message)
		}
		if len(p.Segments) == 0 {
			t.Fatal("no segments")
		}
		return p.Segments[len(p.Segments)-1]
	}
	base := last(fields{"cache_control": `{"type":"ephemeral"}`})
	same := last(fields{"messages": messages(user(`[{"type":"text","text":"hello","cache_control":{"type":"ephemeral","ttl":"1h"}}]`))})
	if same.Hash != base.Hash {
		t.Error("a mark on the block changed the prefix")
	}
	if base.TTL != 5*time.Minute || same.TTL != time.Hour {
		t.Errorf("TTLs %v and %v, want 5m and 1h", base.TTL, same.TTL)
	}
	for name, f := range map[string]fields{
		"text":   {"messages": messages(user(`"hullo"`))},
		"system": {"system": `"s"`},
		"tools":  {"tools": messages(aTool)},
		"model":  {"model": `"claude-haiku-4-5"`},
		"choice": {"tools": messages(aTool), "tool_choice": `{"type":"auto"}`},
	} {
		f["cache_control"] = `{"type":"ephemeral"}`
		if last(f).Hash == base.Hash {
			t.Errorf("another %s did not change the prefix", name)
		}
	}
}

func TestParseCount(t *testing.T) {
	t.Parallel()
	p, bad := dialect.ParseCount(request(t, fields{"max_tokens": ""}), headers())
	if bad != nil || p.Tokens != 5 {
		t.Errorf("ParseCount = %+v, %+v; want 5 tokens", p, bad)
	}
	if _, bad := dialect.ParseCount(request(t, nil), headers()); bad == nil || bad.Message != "max_tokens: Extra inputs are not permitted" {
		t.Errorf("max_tokens was not refused: %+v", bad)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []fields{
		{}, {"messages": messages(hello, uses("a"), user(messages(result("a"))))}, {"messages": "[]"}, {"messages": "[1]"},
		{"thinking": `{"type":"enabled","budget_tokens":1024}`, "messages": "[]"}, {"messages": image("image/png", pixel)},
		{"system": `[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]`, "tools": messages(aTool)},
		{"output_config": `{"format":{"type":"json_schema","schema":{}}}`, "messages": "{}"}, {"cache_control": `{"type":"ephemeral"}`},
	} {
		f.Add(request(f, seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, bad := dialect.Parse(body, headers())
		if bad != nil {
			if bad.Status < 400 || bad.Message == "" {
				t.Errorf("refusal %+v has no status or text", bad)
			}
			return
		}
		a := dialogue.Compose(p, 20)
		c := &dialogue.Call{Model: p.Model.ID}
		if !json.Valid(dialect.Whole(c, a)) {
			t.Errorf("the answer to %q is not JSON", body)
		}
		for _, e := range dialect.Events(c, a) {
			_, data, _ := strings.Cut(strings.TrimSuffix(string(e.Data), "\n\n"), "\ndata: ")
			if !json.Valid([]byte(data)) {
				t.Errorf("event %q is not JSON", e.Data)
			}
		}
	})
}
