package anthropic

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// TestToolFields looks at single fields of the body, as TestFields does.
func TestToolFields(t *testing.T) {
	t.Parallel()
	mcp := func(more string) string {
		return request(`"tools":[{"type":"mcp","server_label":"a","server_url":"https://a","require_approval":"never"` + more + `}]`)
	}
	allowed := func(mode string) string {
		return `"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"` + mode + `","tools":[{"type":"custom","custom":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}}`
	}
	twoTools := `"tools":[{"type":"custom","custom":{"name":"f"}},{"type":"function","function":{"name":"g"}}]`
	document := `{"type":"container_upload","file_id":"file_1"}`
	tests := []struct{ name, body, path, want string }{
		{"token in a header", mcp(`,"headers":{"Authorization":"Bearer x"}`), "mcp_servers.0.authorization_token", `"x"`},
		{"no token", mcp(``), "mcp_servers.0.authorization_token", ""},
		{"allowed tools as an object", mcp(`,"allowed_tools":{"tool_names":["s","t",7]}`), "tools.0.configs", `{"s":{"enabled":true},"t":{"enabled":true}}`},
		{"all tools", mcp(``), "tools.0.default_config", ""},
		{"own and translated MCP servers", request(`"mcp_servers":[{"name":"b"}]`, `"tools":[{"type":"mcp","server_label":"a","server_url":"https://a","require_approval":"never"}]`), "mcp_servers.#.name", `["b","a"]`},
		{"grammar as Responses writes it", request(`"tools":[{"type":"custom","custom":{"name":"f","format":{"type":"grammar","syntax":"regex","definition":"a+"}}}]`), "tools.0.description", `"The input must follow this regex grammar:\na+"`},
		{"plain text format", request(`"tools":[{"type":"custom","custom":{"name":"f","format":{"type":"text"}}}]`), "tools.0.description", ""},
		{"mark of a custom tool", request(`"tools":[{"type":"custom","custom":{"name":"f"},"cache_control":{"type":"ephemeral"}}]`), "tools.0.cache_control", `{"type":"ephemeral"}`},
		{"some tools that must be called", request(twoTools, allowed("required")), "tool_choice", `{"type":"any"}`},
		{"some tools that must be called, in words", request(twoTools, allowed("required")), "system.0.text", `"Of the tools, call only these: \"f\", \"g\"."`},
		{"some tools that cannot be forced", request("claude-opus-5-5", twoTools, allowed("required")), "system.0.text", `"Answer by calling one of these tools and no other: \"f\", \"g\"."`},
		{"legacy choice none", request(`"functions":[{"name":"f"}]`, `"function_call":"none"`), "tool_choice", `{"type":"none"}`},
		{"legacy choice without functions", request(`"function_call":"auto"`), "tool_choice", ""},
		{"code execution is not added twice", request(`"tools":[{"type":"code_execution_20250522","name":"code_execution"}]`, `"messages2":[]`), "tools.#", "1"},
		{"code execution for an upload", messages(`{"role":"user","content":[` + document + `]}`), "tools.0.type", `"code_execution_20250825"`},
		{"search is not added twice", request(`"web_search_options":{}`, `"tools":[{"type":"web_search_20250305","name":"web_search"}]`), "tools.#", "1"},
		{"mark of a message by OpenAI's name", messages(`{"role":"user","content":"x","prompt_cache_breakpoint":true}`), "messages.0.content.0.cache_control", `{"type":"ephemeral"}`},
		{"own mark goes before OpenAI's", messages(`{"role":"user","content":"x","cache_control":{"type":"ephemeral","ttl":"1h"},"prompt_cache_breakpoint":true}`), "messages.0.content.0.cache_control", `{"type":"ephemeral","ttl":"1h"}`},
		{"life of the cache among options", request(`"prompt_cache_options":{"ttl":"24h"}`), "cache_control", `{"type":"ephemeral","ttl":"1h"}`},
		{"own life of the cache", request(`"prompt_cache_retention":"24h"`, `"cache_control":{"type":"ephemeral"}`), "cache_control", `{"type":"ephemeral"}`},
		{"compaction goes back", messages(userTurn, `{"role":"assistant","content":"x","server_blocks":[{"block":{"type":"compaction","content":"y"}}]}`, userTurn), "messages.1.content.0", `{"type":"compaction","content":"y"}`},
		{"blank system turn", messages(userTurn, `{"role":"system","content":" "}`), "messages.#", "1"},
		{"system turn before an empty answer", messages(userTurn, `{"role":"system","content":"s"}`, `{"role":"assistant","content":""}`, userTurn), "messages.#.role", `["user"]`},
		{"two system turns are one", messages(userTurn, `{"role":"system","content":"s"}`, `{"role":"developer","content":[{"type":"text","text":"t"}]}`), "messages.1.content.#.text", `["s","t"]`},
		{"prefix of several texts", `{"model":"claude-haiku-4-5","messages":[` + userTurn + `,{"role":"assistant","prefix":true,"content":[{"type":"text","text":"a "},{"type":"text","text":"b "}]}]}`, "messages.1.content.#.text", `["a ","b"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := encode(t, tt.body)
			if got := gjson.GetBytes(call.Body, tt.path).Raw; got != tt.want {
				t.Errorf("got %s = %s, want %s in %s", tt.path, got, tt.want, call.Body)
			}
		})
	}
}

func TestMergeBeta(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		sent []string
		beta string
		want []string
	}{
		{"new", []string{"a-2025-01-01"}, "b-2025-01-01", []string{"a-2025-01-01", "b-2025-01-01"}},
		{"there", []string{"a-2025-01-01"}, "a-2025-01-01", []string{"a-2025-01-01"}},
		{"there in another version", []string{"a-2024-01-01"}, "a-2025-01-01", []string{"a-2024-01-01"}},
		{"none", nil, "", nil},
		{"short names", []string{"a"}, "b", []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := mergeBeta(tt.sent, tt.beta); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCustomText(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		`{"input":"a\nb"}`: "a\nb", `{"input":7}`: `{"input":7}`, `{"inp`: `{"inp`, ``: ``, `{}`: `{}`,
	} {
		if got := customText(input); got != want {
			t.Errorf("%s: got %q, want %q", input, got, want)
		}
	}
}

// TestCallThatIsTooLarge: what must be collected before it can be sent is
// bounded.
func TestCallThatIsTooLarge(t *testing.T) {
	t.Parallel()
	a := &answer{now: newTestDialect().now, forms: forms{custom: map[string]bool{"f": true}}}
	fragment := `data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"` + strings.Repeat("x", 1<<20) + `"}}` + "\n\n"
	body := startEvent + `data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f"}}` + "\n\n" +
		strings.Repeat(fragment, maxEvent>>20+1) + stopEvent
	_, err := drain(t, a.Stream(strings.NewReader(body)))
	var fault *upstream.Fault
	if !errors.As(err, &fault) || fault.Class != upstream.Provider {
		t.Errorf("got %v, want a fault of class provider", err)
	}
}

// TestAnswerToolNameIsFree: a client's own tool may have the name by which we
// would have the model answer.
func TestAnswerToolNameIsFree(t *testing.T) {
	t.Parallel()
	const schema = `"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}`
	tests := []struct{ name, tools, want string }{
		{"none", `"tools":[{"type":"function","function":{"name":"f"}}]`, "json_answer"},
		{"function", `"tools":[{"type":"function","function":{"name":"json_answer"}}]`, "json_answer_"},
		{"custom", `"tools":[{"type":"custom","custom":{"name":"json_answer"}}]`, "json_answer_"},
		{"native", `"tools":[{"name":"json_answer","input_schema":{"type":"object"}}]`, "json_answer_"},
		{"legacy", `"functions":[{"name":"json_answer"}]`, "json_answer_"},
		{"both", `"tools":[{"type":"function","function":{"name":"json_answer_"}},{"type":"function","function":{"name":"json_answer"}}]`, "json_answer__"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := encode(t, request("claude-3-haiku-20240307", schema, tt.tools))
			tools := gjson.GetBytes(call.Body, "tools").Array()
			if got := tools[len(tools)-1].Get("name").Str; got != tt.want {
				t.Errorf("got the tool %q, want %q", got, tt.want)
			}
			reply, err := call.Answer.Whole([]byte(`{"type":"message","stop_reason":"tool_use","content":[` +
				`{"type":"tool_use","id":"t1","name":"json_answer","input":{"mine":1}},{"type":"tool_use","id":"t2","name":"` + tt.want + `","input":{"a":1}}]}`))
			if err != nil {
				t.Fatal(err)
			}
			message := gjson.GetBytes(reply.Body, "choices.0.message")
			calls := len(message.Get("tool_calls").Array())
			if message.Get("function_call").Exists() {
				calls++
			}
			if want := min(1, len(tt.want)-len(answerTool)); message.Get("content").Str == "" || calls != want {
				t.Errorf("got %s, want the answer as content and %d calls of the client's", message.Raw, want)
			}
		})
	}
}
