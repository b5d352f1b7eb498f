package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/google/go-cmp/cmp"
)

var dialect = Dialect{Models: catalogue.New(nil)}

type fields = map[string]string

// request is a minimal valid body in which the given top-level fields, as raw
// JSON, are set; an empty one is taken out.
func request(t testing.TB, f fields) []byte {
	t.Helper()
	all := map[string]json.RawMessage{"model": json.RawMessage(`"gpt-5"`), "messages": json.RawMessage(`[{"role":"user","content":"hello"}]`)}
	for name, raw := range f {
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

func messages(list ...string) string { return "[" + strings.Join(list, ",") + "]" }

const (
	hello = `{"role":"user","content":"hello"}`
	calls = `{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}`
	aTool = `[{"type":"function","function":{"name":"f"}}]`
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		fields  fields
		param   string
		code    string
		message string
	}{
		{"no model", fields{"model": ""}, "", "", "you must provide a model parameter"},
		{"no messages", fields{"messages": ""}, "messages", "missing_required_parameter", "Missing required parameter: 'messages'."},
		{"empty messages", fields{"messages": "[]"}, "messages", "empty_array", "Invalid 'messages': empty array."},
		{"role", fields{"messages": messages(`{"role":"model","content":"x"}`)}, "messages[0].role", "invalid_value", "Invalid value: 'model'. Supported values are: 'system', 'assistant'"},
		{"null content", fields{"messages": messages(`{"role":"user","content":null}`)}, "messages[0].content", "invalid_type", "Invalid value for 'content'"},
		{"another provider's part", fields{"messages": messages(`{"role":"user","content":[{"type":"image"}]}`)}, "messages[0].content[0].type", "invalid_value", "Invalid value: 'image'."},
		{"part without text", fields{"messages": messages(`{"role":"user","content":[{"type":"text"}]}`)}, "messages[0].content[0].text", "missing_required_parameter", "Missing required parameter"},
		{"bad data URL", fields{"messages": messages(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png,x"}}]}`)}, "messages[0].content[0].image_url.url", "invalid_base64", "Invalid 'messages[0].content[0].image_url.url'."},
		{"result without call", fields{"messages": messages(hello, `{"role":"tool","tool_call_id":"a","content":"x"}`)}, "messages[1].role", "", "Invalid parameter: messages with role 'tool'"},
		{"call without result", fields{"messages": messages(hello, calls, hello)}, "messages[2]", "", "An assistant message with 'tool_calls' must be followed by tool messages"},
		{"call at the end", fields{"messages": messages(hello, calls)}, "messages[2].role", "", "An assistant message with 'tool_calls' must be followed by tool messages"},
		{"no calls", fields{"messages": messages(hello, `{"role":"assistant","content":"x","tool_calls":[]}`)}, "messages[1].tool_calls", "empty_array", "Invalid 'messages[1].tool_calls': empty array."},
		{"arguments as object", fields{"messages": messages(hello, `{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":{}}}]}`)}, "messages[1].tool_calls[0].function.arguments", "invalid_type", "Invalid type"},
		{"no tools", fields{"tools": "[]"}, "tools", "empty_array", "Invalid 'tools': empty array."},
		{"tool in Anthropic's form", fields{"tools": `[{"name":"f","input_schema":{}}]`}, "tools[0].type", "invalid_value", "Invalid value: ''."},
		{"tool name", fields{"tools": `[{"type":"function","function":{"name":"a b"}}]`}, "tools[0].function.name", "invalid_value", "Invalid 'tools[0].function.name'"},
		{"schema", fields{"tools": `[{"type":"function","function":{"name":"f","parameters":[]}}]`}, "tools[0].function.parameters", "invalid_function_parameters", "Invalid schema"},
		{"choice without tools", fields{"tool_choice": `"auto"`}, "tool_choice", "", "Invalid value for 'tool_choice'"},
		{"choice in Anthropic's words", fields{"tools": aTool, "tool_choice": `"any"`}, "tool_choice", "invalid_value", "Invalid value: 'any'."},
		{"choice of an absent tool", fields{"tools": aTool, "tool_choice": `{"type":"function","function":{"name":"g"}}`}, "tool_choice", "", "Tool choice 'g' not found"},
		{"stream options without a stream", fields{"stream_options": `{"include_usage":true}`}, "stream_options", "", "The 'stream_options' parameter is only allowed"},
		{"both bounds", fields{"max_tokens": "1", "max_completion_tokens": "1"}, "max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and"},
		{"bound of zero", fields{"max_tokens": "0"}, "max_tokens", "integer_below_min_value", "Invalid 'max_tokens'"},
		{"bound beyond the model", fields{"max_completion_tokens": "128001"}, "max_completion_tokens", "invalid_value", "max_completion_tokens is too large: 128001."},
		{"five stops", fields{"stop": `["a","b","c","d","e"]`}, "stop", "array_above_max_length", "Invalid 'stop'"},
		{"temperature", fields{"temperature": "2.5"}, "temperature", "decimal_above_max_value", "Invalid 'temperature'"},
		{"several choices", fields{"n": "2"}, "n", "", "The simulated provider answers with one choice only."},
		{"format", fields{"response_format": `{"type":"json"}`}, "response_format.type", "invalid_value", "Invalid value: 'json'."},
		{"format without schema", fields{"response_format": `{"type":"json_schema","json_schema":{"name":"x"}}`}, "response_format.json_schema.schema", "missing_required_parameter", "Missing required parameter"},
		{"JSON without the word", fields{"response_format": `{"type":"json_object"}`}, "messages", "", "'messages' must contain the word 'json'"},
		{"too long", fields{"messages": messages(`{"role":"user","content":"` + strings.Repeat("long ", 330_000) + `"}`)}, "messages", "context_length_exceeded", "This model's maximum context length is 400000 tokens."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, bad := dialect.Parse(request(t, tt.fields), nil)
			if bad == nil {
				t.Fatalf("accepted, want %q", tt.message)
			}
			if bad.Status != 400 || bad.Param != tt.param || bad.Code != tt.code || !strings.HasPrefix(bad.Message, tt.message) {
				t.Errorf("refused with %d param %q code %q %q, want 400 %q %q %q", bad.Status, bad.Param, bad.Code, bad.Message, tt.param, tt.code, tt.message)
			}
		})
	}
}

func TestRefusalsOfTheEnvelope(t *testing.T) {
	t.Parallel()
	if _, bad := dialect.Parse([]byte("{"), nil); bad == nil || bad.Status != 400 {
		t.Errorf("broken JSON: %+v, want a 400", bad)
	}
	if _, bad := dialect.Parse(request(t, fields{"model": `"nope"`}), nil); bad == nil || bad.Status != 404 || bad.Code != "model_not_found" {
		t.Errorf("unknown model: %+v, want 404 model_not_found", bad)
	}
}

func TestPrompt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fields fields
		want   func(*dialogue.Prompt) any
		expect any
	}{
		{"text of the last turn", fields{"messages": messages(hello, `{"role":"assistant","content":"x"}`, `{"role":"user","content":"a"}`, `{"role":"user","content":[{"type":"text","text":"b"}]}`)}, func(p *dialogue.Prompt) any { return p.Text }, "a\nb"},
		{"results", fields{"messages": messages(hello, calls, `{"role":"tool","tool_call_id":"a","content":"r"}`)}, func(p *dialogue.Prompt) any { return p.Results }, []string{"r"}},
		{"a question after results", fields{"messages": messages(hello, calls, `{"role":"tool","tool_call_id":"a","content":"r"}`, hello)}, func(p *dialogue.Prompt) any { return len(p.Results) }, 0},
		{"media", fields{"messages": messages(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},{"type":"image_url","image_url":{"url":"https://example.com/a"}},{"type":"file","file":{"file_data":"data:application/pdf;base64,QQ=="}}]}`)},
			func(p *dialogue.Prompt) any { return p.Media }, []dialogue.Media{{Type: "image/png", Bytes: 3}, {Type: "url"}, {Type: "application/pdf", Bytes: 1}}},
		{"required", fields{"tools": aTool, "tool_choice": `"required"`, "parallel_tool_calls": "false"}, func(p *dialogue.Prompt) any { return p.Choice }, dialogue.Choice{Mode: dialogue.Any, Single: true}},
		{"named", fields{"tools": aTool, "tool_choice": `{"type":"function","function":{"name":"f"}}`}, func(p *dialogue.Prompt) any { return p.Choice }, dialogue.Choice{Mode: dialogue.Named, Tool: "f"}},
		{"allowed tools", fields{"tools": aTool, "tool_choice": `{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[]}}`}, func(p *dialogue.Prompt) any { return p.Choice }, dialogue.Choice{Mode: dialogue.Any}},
		{"custom tools are not called", fields{"tools": `[{"type":"custom","custom":{"name":"c"}}]`}, func(p *dialogue.Prompt) any { return len(p.Tools) }, 0},
		{"the old bound", fields{"max_tokens": "7"}, func(p *dialogue.Prompt) any { return [2]int{p.MaxTokens, p.Reserve} }, [2]int{7, 7}},
		{"no bound", fields{"max_tokens": "null"}, func(p *dialogue.Prompt) any { return [2]int{p.MaxTokens, p.Reserve} }, [2]int{128_000, 16}},
		{"one stop", fields{"stop": `"END"`}, func(p *dialogue.Prompt) any { return p.Stops }, []string{"END"}},
		{"JSON", fields{"response_format": `{"type":"json_object"}`, "messages": messages(`{"role":"user","content":"as JSON"}`)}, func(p *dialogue.Prompt) any { return p.JSON }, true},
		{"schema", fields{"response_format": `{"type":"json_schema","json_schema":{"name":"x","schema":{"a":1}}}`}, func(p *dialogue.Prompt) any { return p.Schema.Raw }, `{"a":1}`},
		{"usage", fields{"stream": "true", "stream_options": `{"include_usage":true}`}, func(p *dialogue.Prompt) any { return p.Stream && p.IncludeUsage }, true},
		{"a model that another dialect serves too", fields{"model": `"claude-sonnet-5"`, "unknown_field": "1"}, func(p *dialogue.Prompt) any { return p.Model.Family }, "claude-sonnet-5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, bad := dialect.Parse(request(t, tt.fields), nil)
			if bad != nil {
				t.Fatal(bad.Message)
			}
			if diff := cmp.Diff(tt.expect, tt.want(p)); diff != "" {
				t.Errorf("prompt (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrefixGrowsWithTheConversation(t *testing.T) {
	t.Parallel()
	one, _ := dialect.Parse(request(t, nil), nil)
	two, _ := dialect.Parse(request(t, fields{"messages": messages(hello, `{"role":"assistant","content":"x"}`, hello)}), nil)
	if one.Segments[0].Hash != two.Segments[0].Hash || one.Segments[0].TTL != cacheTTL || two.Segments[0].TTL != 0 {
		t.Errorf("segments %+v and %+v: want the first of both alike, and a breakpoint only at the end", one.Segments, two.Segments)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []fields{
		{}, {"messages": messages(hello, calls, `{"role":"tool","tool_call_id":"a","content":"r"}`)}, {"messages": "[1]"},
		{"tools": aTool, "tool_choice": `"required"`}, {"response_format": `{"type":"json_schema","json_schema":{"name":"x","schema":{}}}`},
	} {
		f.Add(request(f, seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, bad := dialect.Parse(body, nil)
		if bad != nil {
			if bad.Status < 400 || bad.Message == "" {
				t.Errorf("refusal %+v has no status or text", bad)
			}
			return
		}
		a, c := dialogue.Compose(p, 20), &dialogue.Call{Model: p.Model.ID, IncludeUsage: p.IncludeUsage}
		if !json.Valid(dialect.Whole(c, a)) {
			t.Errorf("the answer to %q is not JSON", body)
		}
		for _, e := range dialect.Events(c, a) {
			data := strings.TrimSuffix(strings.TrimPrefix(string(e.Data), "data: "), "\n\n")
			if data != "[DONE]" && !json.Valid([]byte(data)) {
				t.Errorf("event %q is not JSON", e.Data)
			}
		}
	})
}
