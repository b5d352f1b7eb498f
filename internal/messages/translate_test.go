package messages

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// with is a request with more fields.
func with(fields string) string { return strings.TrimSuffix(turn, "}") + "," + fields + "}" }

// saying is a request of these messages, in JSON without brackets.
func saying(messages string) string {
	return `{"model":"m","max_tokens":100,"messages":[` + messages + `]}`
}

func userBlock(block string) string { return saying(`{"role":"user","content":[` + block + `]}`) }

func TestToChatRefuses(t *testing.T) {
	t.Parallel()
	const block = "messages[0].content[0]"
	tests := []struct{ name, body, param string }{
		{"a block that is a number", userBlock(`1`), block + ".type"},
		{"a prefill", saying(`{"role":"user","content":"x"},{"role":"assistant","content":"{"}`), "messages[1]"},
		{"only tools of Anthropic's", with(`"tools":[{"type":"web_search_20250305","name":"web_search"}]`), "tools"},
		{"a choice of such a tool", with(`"tools":[{"name":"a"},{"type":"bash_20250124","name":"bash"}],"tool_choice":{"type":"tool","name":"bash"}`), "tool_choice.name"},
		{"an unknown choice", with(`"tools":[{"name":"a"}],"tool_choice":{"type":"some"}`), "tool_choice.type"},
		{"a tool without name", with(`"tools":[{"input_schema":{}}]`), "tools[0].name"},
		{"a schema that is a string", with(`"tools":[{"name":"a","input_schema":"x"}]`), "tools[0].input_schema"},
		{"a stored image", userBlock(`{"type":"image","source":{"type":"file","file_id":"f"}}`), block + ".source.type"},
		{"a stored document", userBlock(`{"type":"document","source":{"type":"file","file_id":"f"}}`), block + ".source.type"},
		{"a document at an address", userBlock(`{"type":"document","source":{"type":"url","url":"https://x/a.pdf"}}`), block + ".source.type"},
		{"an unknown block", userBlock(`{"type":"container_upload","file_id":"f"}`), block + ".type"},
		{"a text without text", userBlock(`{"type":"text"}`), block + ".text"},
		{"an unknown block in a result", userBlock(`{"type":"tool_result","tool_use_id":"t","content":[{"type":"video"}]}`), block + ".content[0].type"},
		{"an unknown block in a document", userBlock(`{"type":"document","source":{"type":"content","content":[{"type":"video"}]}}`), block + ".source.content[0].type"},
		{"an unknown block in a search result", userBlock(`{"type":"search_result","content":[{"type":"video"}]}`), block + ".content[0].type"},
		{"a result that is a number", userBlock(`{"type":"tool_result","tool_use_id":"t","content":1}`), block + ".content"},
		{"an unknown block in system", with(`"system":[{"type":"video"}]`), "system[0].type"},
		{"a call without a name", saying(`{"role":"assistant","content":[{"type":"text","text":"x"},{"type":"tool_use","id":"a"}]},{"role":"user","content":"x"}`), "messages[0].content[1]"},
		{"an assistant's text that is a number", saying(`{"role":"assistant","content":[{"type":"text","text":1}]},{"role":"user","content":"x"}`), block + ".text"},
		{"a request to fill the cache", strings.Replace(turn, `"max_tokens":100`, `"max_tokens":0`, 1), "max_tokens"},
		{"a temperature of OpenAI's", with(`"temperature":1.5`), "temperature"},
		{"a top_p in a string", with(`"top_p":"1"`), "top_p"},
		{"a format without schema", with(`"output_config":{"format":{"type":"json_schema"}}`), "output_config.format"},
		{"an unknown effort", with(`"output_config":{"effort":"ultra"}`), "output_config.effort"},
		{"an unknown format", with(`"output_format":{"type":"grammar","schema":{}}`), "output_format"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ToChat(parse(t, tt.body), Options{Model: "gpt-4.1"})
			wantFault(t, err, tt.param)
		})
	}
}

// A dialect of ours decides about a prefill by the model.
func TestExtendedLeavesToTheDialect(t *testing.T) {
	t.Parallel()
	got := translate(t, saying(`{"role":"user","content":"x"},{"role":"assistant","content":"{"}`), Options{Extended: true})
	if role := got.Request.Get("messages").Get("1.role").Str; role != "assistant" {
		t.Errorf("got last role %q, want the prefill", role)
	}
}

// TestEffort: no hint of how much to think makes a request fail (case 77, from the
// other side).
func TestEffort(t *testing.T) {
	t.Parallel()
	effort := func(level string) string { return `"output_config":{"effort":"` + level + `"}` }
	budget := func(n int) string {
		return fmt.Sprintf(`"thinking":{"type":"enabled","budget_tokens":%d}`, n)
	}
	const off = `"thinking":{"type":"disabled"}`
	tests := []struct{ name, model, fields, want string }{
		{"nothing said", "gpt-5", `"x":1`, ""},
		{"adaptive", "gpt-5", `"thinking":{"type":"adaptive"}`, ""},
		{"low budget", "gpt-5", budget(4000), "low"},
		{"medium budget", "o3", budget(10_000), "medium"},
		{"high budget", "deepseek-v4", budget(31_999), "high"},
		{"off, newest", "gpt-5.2", off, "none"},
		{"off, first of the line", "gpt-5-mini", off, "minimal"},
		{"off, before", "o4-mini", off, "low"},
		{"off, elsewhere", "qwen3", off, "none"},
		{"off wins over effort", "gpt-5.1", off + `,` + effort("high"), "none"},
		{"effort wins over a budget", "gpt-5.1", budget(1024) + `,` + effort("high"), "high"},
		{"max, newest", "gpt-5.1", effort("max"), "xhigh"},
		{"max, elsewhere", "vendor/kimi-k3", effort("max"), "high"},
		{"a model that does not think", "gpt-4o", effort("high"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := translate(t, with(tt.fields), Options{Model: tt.model})
			if effort := got.Request.Get("reasoning_effort").Str; effort != tt.want {
				t.Errorf("got effort %q, want %q", effort, tt.want)
			}
			if dropped := slices.Contains(got.Dropped, "output_config"); dropped != (tt.model == "gpt-4o") {
				t.Errorf("got dropped %v", got.Dropped)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	const tool = `"tools":[{"name":"a"}],`
	tests := []struct{ name, fields, path, want string }{
		{"a choice left to the model", tool + `"tool_choice":{"type":"auto"}`, "tool_choice", `"auto"`},
		{"any tool", tool + `"tool_choice":{"type":"any"}`, "tool_choice", `"required"`},
		{"no tool, which keeps the tools", tool + `"tool_choice":{"type":"none"}`, "tools.#", "1"},
		{"no tool", tool + `"tool_choice":{"type":"none"}`, "tool_choice", `"none"`},
		{"one at a time", tool + `"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`, "parallel_tool_calls", "false"},
		{"several at a time", tool + `"tool_choice":{"type":"auto","disable_parallel_tool_use":false}`, "parallel_tool_calls", ""},
		{"a choice without tools", `"tool_choice":{"type":"any"}`, "tool_choice", ""},
		{"the usage of a stream", `"x":1`, "stream_options.include_usage", "true"},
		{"sampling that says the default", `"temperature":1.0,"top_p":1`, "temperature", ""},
		{"sampling", `"temperature":0`, "temperature", "0"},
		{"a user of sixty-four", `"metadata":{"user_id":"` + strings.Repeat("u", 64) + `"}`, "user", `"` + strings.Repeat("u", 64) + `"`},
		{"no user", `"metadata":{"user_id":null}`, "user", ""},
		{"a reference to a tool", `"system":[{"type":"tool_reference","tool_name":"a"}]`, "messages.0.content", `"a"`},
		{"a name written with escapes", `"messages":[{"role":"user","\u0063ontent":"x"}]`, "messages.0.content", `"x"`},
		{"a system of nothing", `"system":" "`, "messages.#", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := with(tt.fields)
			if strings.HasPrefix(tt.fields, `"messages"`) {
				body = `{"model":"m",` + tt.fields + `}`
			}
			got := translate(t, body, Options{Model: "gpt-4.1"})
			if v := gjson.GetBytes(got.Request.Raw, tt.path).Raw; v != tt.want {
				t.Errorf("got %s %s, want %s", tt.path, v, tt.want)
			}
		})
	}
}

func TestDroppedIsBounded(t *testing.T) {
	t.Parallel()
	var fields strings.Builder
	fields.WriteString(`"a\nb":1,"` + strings.Repeat("n", 65) + `":1,"gone":null`)
	for i := range 40 {
		fmt.Fprintf(&fields, `,"field_%d":1`, i)
	}
	got := translate(t, with(fields.String()), Options{}).Dropped
	if len(got) != maxDropped || got[0] != "field_0" {
		t.Errorf("got %d names, the first %q", len(got), got[0])
	}
}

func TestFitsStrict(t *testing.T) {
	t.Parallel()
	const object = `{"type":"object","properties":{"a":%s},"required":["a"],"additionalProperties":false}`
	of := func(inner string) string { return fmt.Sprintf(object, inner) }
	tests := []struct {
		name, schema string
		want         bool
	}{
		{"all required", of(`{"type":"string"}`), true},
		{"nested", of(of(`{"type":"array","items":` + of(`{}`) + `}`)), true},
		{"a choice", of(`{"anyOf":[{"type":"null"},` + of(`{}`) + `]}`), true},
		{"definitions", `{"$defs":{"x":` + of(`{}`) + `},"$ref":"#/$defs/x"}`, true},
		{"an optional property", `{"type":"object","properties":{"a":{},"b":{}},"required":["a"],"additionalProperties":false}`, false},
		{"more properties", `{"type":"object","properties":{"a":{}},"required":["a"]}`, false},
		{"any object", `{"type":"object"}`, false},
		{"one nested", of(`{"type":"object"}`), false},
		{"one in a list", of(`{"type":"array","items":{"type":"object"}}`), false},
		{"one in a choice", of(`{"anyOf":[{"type":"null"},{"type":"object"}]}`), false},
		{"lists of schemas", `{"items":[{"type":"string"},{"type":"object"}]}`, false},
		{"one in definitions", `{"$defs":{"x":{"type":"object"}}}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fitsStrict(gjson.Parse(tt.schema)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// A conversation that falls over to another model takes along what that one takes.
func TestThoughtsOfAnotherModel(t *testing.T) {
	t.Parallel()
	body := saying(`{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"fallow:reasoning_content"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}`)
	for model, want := range map[string]string{"deepseek-v4": "hm", "gpt-5.2": ""} {
		got := translate(t, body, Options{Model: model})
		if text := got.Request.Get("messages").Get("1.reasoning_content").Str; text != want {
			t.Errorf("%s: got reasoning %q, want %q", model, text, want)
		}
		if dropped := slices.Contains(got.Dropped, "thinking_blocks"); dropped != (want == "") {
			t.Errorf("%s: got dropped %v", model, got.Dropped)
		}
	}
}
