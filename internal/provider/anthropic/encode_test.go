package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/tidwall/gjson"
)

// request is a body with one user message and the given fields. The model is
// the first of them if it begins with "claude".
func request(fields ...string) string {
	model := "claude-opus-5"
	if len(fields) > 0 && strings.HasPrefix(fields[0], "claude") {
		model, fields = fields[0], fields[1:]
	}
	all := append([]string{`"model":"` + model + `"`, `"messages":[{"role":"user","content":"Hi"}]`}, fields...)
	return "{" + strings.Join(all, ",") + "}"
}

func messages(list ...string) string {
	return `{"model":"claude-opus-5","messages":[` + strings.Join(list, ",") + `]}`
}

const (
	bySchema = `"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}`
	oneTool  = `"tools":[{"type":"function","function":{"name":"f"}}]`
	toolUse  = `{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}`
	twoCalls = `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f"}},{"id":"c2","function":{"name":"f"}}]}`
	userTurn = `{"role":"user","content":"Hi"}`
)

// TestParamErrors holds every refusal to its path and to a word that says what
// would be right.
func TestParamErrors(t *testing.T) {
	t.Parallel()
	parts := func(list string) string { return messages(`{"role":"user","content":[` + list + `]}`) }
	tests := []struct{ name, body, param, says string }{
		{"several choices", request(`"n":2`), "n", "must be 1"},
		{"logprobs", request(`"logprobs":true`), "logprobs", "leave it out"},
		{"top_logprobs", request(`"top_logprobs":3`), "top_logprobs", "leave it out"},
		{"audio", request(`"audio":{"voice":"a"}`), "audio", "leave it out"},
		{"spoken answer", request(`"modalities":["text","audio"]`), "modalities", `"text"`},
		{"functions beside tools", request(oneTool, `"functions":[{"name":"f"}]`), "functions", "replaced it"},
		{"nameless function", request(`"functions":[{}]`), "functions[0].name", "1 to 64"},
		{"unknown legacy choice", request(`"functions":[{"name":"f"}]`, `"function_call":{"type":"x"}`), "function_call.name", "string"},
		{"unknown verbosity", request(`"verbosity":"extreme"`), "verbosity", "medium"},
		{"native thinking without type", request(`"thinking":{}`), "thinking.type", "string"},
		{"native thinking of a model that cannot", request("claude-3-haiku-20240307", `"thinking":{"type":"enabled","budget_tokens":2000}`), "thinking", "cannot think"},
		{"top_p of another type", request(`"top_p":"0.5"`), "top_p", "from 0 to 1"},
		{"top_p too large", request(`"top_p":1.5`), "top_p", "from 0 to 1"},
		{"stop of another type", request(`"stop":{"a":1}`), "stop", "string"},
		{"stop holds a number", request(`"stop":["a",3]`), "stop[1]", "string"},
		{"unknown effort", request(`"reasoning_effort":"enormous"`), "reasoning_effort", "minimal"},
		{"unknown format", request(`"response_format":{"type":"xml"}`), "response_format.type", "json_schema"},
		{"schema missing", request(`"response_format":{"type":"json_schema","json_schema":{"name":"x"}}`), "response_format.json_schema.schema", "object"},
		{"beta that breaks the header", request(`"anthropic_beta":["a\r\nx-api-key: b"]`), "anthropic_beta", "beta names"},
		{"too many betas", request(`"anthropic_beta":[` + strings.Repeat(`"a",`, 20) + `"a"]`), "anthropic_beta", "at most 20"},

		{"tool without type", request(`"tools":[{"name":"f"}]`), "tools[0].type", "function"},
		{"custom tool without its object", request(`"tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","name":"g"}]`), "tools[1].type", "function"},
		{"nameless custom tool", request(`"tools":[{"type":"custom","custom":{}}]`), "tools[0].custom.name", "1 to 64"},
		{"nameless MCP server", request(`"tools":[{"type":"mcp","server_url":"https://a"}]`), "tools[0].server_label", "string"},
		{"MCP server without TLS", request(`"tools":[{"type":"mcp","server_label":"a","server_url":"http://a"}]`), "tools[0].server_url", "https://"},
		{"MCP servers of another type", request(oneTool, `"mcp_servers":{"a":1}`), "mcp_servers", "list"},
		{"MCP server that is no object", request(oneTool, `"mcp_servers":["a"]`), "mcp_servers", "objects"},
		{"nameless tool", request(`"tools":[{"type":"function","function":{}}]`), "tools[0].function.name", "1 to 64"},
		{"parameters of another type", request(`"tools":[{"type":"function","function":{"name":"f","parameters":"{}"}}]`), "tools[0].function.parameters", "JSON Schema"},
		{"unknown choice", request(oneTool, `"tool_choice":"sometimes"`), "tool_choice", "required"},
		{"choice of no allowed tools", request(oneTool, `"tool_choice":{"type":"allowed_tools"}`), "tool_choice.allowed_tools", "required"},
		{"choice of allowed tools in another mode", request(oneTool, `"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"none","tools":[{"type":"custom","custom":{"name":"f"}}]}}`), "tool_choice.allowed_tools", "required"},
		{"choice of nameless tools", request(oneTool, `"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{}]}}`), "tool_choice.allowed_tools.tools", "names"},
		{"choice without name", request(oneTool, `"tool_choice":{"type":"function"}`), "tool_choice.function.name", "string"},
		{"forced without tools", request(`"tool_choice":"required"`), "tool_choice", "no tools"},

		{"legacy result without call", messages(userTurn, `{"role":"function","name":"f","content":"x"}`), "messages[1].role", "function_call"},
		{"legacy call without result", messages(userTurn, `{"role":"assistant","function_call":{"name":"f"}}`), "messages[1].function_call", "no result"},
		{"legacy call without name", messages(userTurn, `{"role":"assistant","function_call":{}}`), "messages[1].function_call.name", "string"},
		{"legacy call beside others", messages(userTurn, `{"role":"assistant","function_call":{"name":"f"},"tool_calls":[]}`), "messages[1].function_call", "tool_calls"},
		{"content of another type", messages(userTurn, `{"role":"user","content":5}`), "messages[1].content", "string or a list"},
		{"system content of another type", messages(`{"role":"system","content":{}}`), "messages[0].content", "string or a list"},
		{"late system content of another type", messages(userTurn, `{"role":"system","content":{}}`), "messages[1].content", "string or a list"},
		{"image in a system message", messages(`{"role":"system","content":[{"type":"image_url"}]}`), "messages[0].content[0].type", "must be text in a system message"},
		{"image in an assistant message", messages(userTurn, `{"role":"assistant","content":[{"type":"text","text":"x"},{"type":"image_url"}]}`), "messages[1].content[1].type", "text or refusal"},
		{"text of another type", parts(`{"type":"text","text":7}`), "messages[0].content[0].text", "string"},
		{"part that is no object", parts(`"x"`), "messages[0].content[0].type", "image_url"},
		{"audio part", parts(`{"type":"input_audio","input_audio":{}}`), "messages[0].content[0].type", "transcript"},
		{"image without url", parts(`{"type":"image_url","image_url":{}}`), "messages[0].content[0].image_url.url", "https://"},
		{"image by http", parts(`{"type":"image_url","image_url":"http://example.com/a.png"}`), "messages[0].content[0].image_url", "https://"},
		{"image of another format", parts(`{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/tiff;base64,aGk="}}`), "messages[0].content[1].image_url.url", `"image/tiff"`},
		{"image not in base64", parts(`{"type":"image_url","image_url":{"url":"data:image/png,hi"}}`), "messages[0].content[0].image_url.url", "base64"},
		{"image with a quote in it", parts(`{"type":"image_url","image_url":{"url":"data:image/png;base64,aG\"k="}}`), "messages[0].content[0].image_url.url", "base64"},
		{"image without data", parts(`{"type":"image_url","image_url":{"url":"data:image/png;base64,"}}`), "messages[0].content[0].image_url.url", "base64"},
		{"file id of another type", parts(`{"type":"file","file":{"file_id":7}}`), "messages[0].content[0].file.file_id", "string"},
		{"file of another format", parts(`{"type":"file","file":{"file_data":"data:application/zip;base64,aGk="}}`), "messages[0].content[0].file.file_data", "PDF"},
		{"text file that is none", parts(`{"type":"file","file":{"file_data":"data:text/csv;base64,/w=="}}`), "messages[0].content[0].file.file_data", "UTF-8"},
		{"text file in no base64", parts(`{"type":"file","file":{"file_data":"data:text/csv;base64,aGk"}}`), "messages[0].content[0].file.file_data", "UTF-8"},

		{"calls of another type", messages(userTurn, `{"role":"assistant","tool_calls":{}}`), "messages[1].tool_calls", "list"},
		{"call without id", messages(userTurn, `{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}`), "messages[1].tool_calls[0].id", "string"},
		{"call without name", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1","custom":{}}]}`), "messages[1].tool_calls[0].custom", "name and an input"},
		{"call of nothing", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1"}]}`), "messages[1].tool_calls[0].function.name", "string"},
		{"arguments that are no JSON", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"a\":"}}]}`), "messages[1].tool_calls[0].function.arguments", `"c1"`},
		{"arguments that are no object", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"[1]"}}]}`), "messages[1].tool_calls[0].function.arguments", `"c1"`},
		{"arguments that nest too deep", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"`+strings.Repeat(`{\"a\":`, 1<<17)+`"}}]}`), "messages[1].tool_calls[0].function.arguments", `"c1"`},
		{"arguments of another type", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":5}}]}`), "messages[1].tool_calls[0].function.arguments", `"c1"`},
		{"call without result, then the user", messages(userTurn, toolUse, userTurn), "messages[1].tool_calls[0]", `"c1"`},
		{"call without result, then the assistant", messages(userTurn, toolUse, userTurn, `{"role":"assistant","content":"x"}`), "messages[1].tool_calls[0]", `"c1"`},
		{"call without result at the end", messages(userTurn, toolUse), "messages[1].tool_calls[0]", `"tool"`},
		{"result without call", messages(userTurn, `{"role":"tool","tool_call_id":"c1","content":"x"}`), "messages[1].tool_call_id", `"c1"`},
		{"result given twice", messages(userTurn, toolUse, `{"role":"tool","tool_call_id":"c1"}`, `{"role":"tool","tool_call_id":"c1"}`), "messages[3].tool_call_id", `"c1"`},
		{"result without id", messages(userTurn, toolUse, `{"role":"tool","content":"x"}`), "messages[2].tool_call_id", "open tool call"},
		{"result with audio", messages(userTurn, toolUse, `{"role":"tool","tool_call_id":"c1","content":[{"type":"input_audio"}]}`), "messages[2].content[0].type", "transcript"},
		{"prefill", messages(userTurn, `{"role":"assistant","content":"Sure,"}`), "messages[1]", "end with a user message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tryEncode(t, tt.body)
			var got *chat.ParamError
			if !errors.As(err, &got) {
				t.Fatalf("got error %v, want a *chat.ParamError", err)
			}
			if got.Param != tt.param || !strings.Contains(got.Message, tt.says) {
				t.Errorf("got %q: %q, want %q with %q in the text", got.Param, got.Message, tt.param, tt.says)
			}
		})
	}
}

// TestFields looks at single fields of the body: want is their raw JSON, empty
// when they must be absent.
func TestFields(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, path, want string }{
		{"default of a stream is the model's most", request(`"stream":true`), "max_tokens", "128000"},
		{"default of a whole answer ends within ten minutes", request(), "max_tokens", "21333"},
		{"default of a small model", request("claude-3-haiku-20240307"), "max_tokens", "4096"},
		{"newer limit wins", request(`"max_tokens":7`, `"max_completion_tokens":9`), "max_tokens", "9"},
		{"no stream", request(`"stream":false`), "stream", ""},

		{"one call at a time without a choice", request(oneTool, `"parallel_tool_calls":false`), "tool_choice", `{"type":"auto","disable_parallel_tool_use":true}`},
		{"one call at a time, forced", request(oneTool, `"parallel_tool_calls":false`, `"tool_choice":"required"`), "tool_choice", `{"type":"any","disable_parallel_tool_use":true}`},
		{"one call at a time, none", request(oneTool, `"parallel_tool_calls":false`, `"tool_choice":"none"`), "tool_choice", `{"type":"none"}`},
		{"one call at a time without tools", request(`"parallel_tool_calls":false`), "tool_choice", ""},
		{"named", request(oneTool, `"tool_choice":{"type":"function","function":{"name":"f"}}`), "tool_choice", `{"type":"tool","name":"f"}`},
		{"auto without tools", request(`"tools":[]`, `"tool_choice":"auto"`), "tool_choice", ""},
		{"no tools", request(`"tools":[]`), "tools", ""},
		{"forced where it cannot be", request("claude-opus-5-5", oneTool, `"tool_choice":"required"`), "system.0.text", `"Answer by calling one of the tools."`},

		{"lone stop", request(`"stop":"END"`), "stop_sequences", `["END"]`},
		{"blank stop", request(`"stop":"\n"`), "stop_sequences", ""},
		{"temperature clamped", request("claude-opus-4-6", `"temperature":2`), "temperature", "1"},
		{"temperature as written", request("claude-opus-4-6", `"temperature":7e-1`), "temperature", "7e-1"},
		{"temperature goes before top_p", request("claude-haiku-4-5", `"temperature":0.5`, `"top_p":0.5`), "top_p", ""},
		{"top_p alone", request("claude-haiku-4-5", `"top_p":0.5`), "top_p", "0.5"},
		{"temperature under thinking", request("claude-haiku-4-5", `"temperature":0.5`, `"reasoning_effort":"low"`), "temperature", ""},
		{"temperature with native thinking off", request("claude-haiku-4-5", `"temperature":0.5`, `"thinking":{"type":"disabled"}`), "temperature", "0.5"},
		{"temperature under native thinking", request("claude-haiku-4-5", `"temperature":0.5`, `"thinking":{"type":"enabled","budget_tokens":2000}`), "temperature", ""},

		{"schema by a forced tool, native thinking off", request("claude-sonnet-4-20250514", `"thinking":{"type":"disabled"}`, bySchema), "tool_choice.type", `"tool"`},
		{"schema by a tool, native thinking up to a budget", request("claude-sonnet-4-20250514", `"thinking":{"type":"enabled","budget_tokens":2000}`, bySchema), "tool_choice.type", `"auto"`},

		{"least effort", request(`"reasoning_effort":"minimal"`), "output_config", `{"effort":"low"}`},
		{"most effort", request(`"reasoning_effort":"max"`), "output_config", `{"effort":"max"}`},
		{"effort a model lacks", request("claude-opus-4-6", `"reasoning_effort":"xhigh"`), "output_config", `{"effort":"high"}`},
		{"no thinking where it can be disabled", request(`"reasoning_effort":"none"`), "thinking", `{"type":"disabled"}`},
		{"no thinking leaves the effort alone", request(`"reasoning_effort":"none"`), "output_config", ""},
		{"no thinking where some always is", request("claude-sonnet-5-5", `"reasoning_effort":"none"`), "thinking", `{"type":"between_tools"}`},
		{"no thinking where it is always on", request("claude-fable-5", `"reasoning_effort":"none"`), "output_config", `{"effort":"low"}`},
		{"no thinking where it is off", request("claude-opus-4-8", `"reasoning_effort":"none"`), "thinking", ""},
		{"budget", request("claude-haiku-4-5", `"reasoning_effort":"high"`, `"max_tokens":10000`), "thinking", `{"type":"enabled","budget_tokens":8000}`},
		{"smallest budget", request("claude-haiku-4-5", `"reasoning_effort":"minimal"`, `"max_tokens":2000`), "thinking", `{"type":"enabled","budget_tokens":1024}`},
		{"no room for a budget", request("claude-haiku-4-5", `"reasoning_effort":"high"`, `"max_tokens":1024`), "thinking", ""},
		{"budget yields to a forced tool", request("claude-haiku-4-5", `"reasoning_effort":"high"`, oneTool, `"tool_choice":"required"`), "thinking", ""},
		{"model that cannot think", request("claude-3-haiku-20240307", `"reasoning_effort":"high"`), "thinking", ""},
		{"native thinking goes before effort", request(`"reasoning_effort":"high"`, `"thinking":{"type":"adaptive"}`), "thinking", `{"type":"adaptive"}`},

		{"tier auto", request(`"service_tier":"auto"`), "service_tier", `"auto"`},
		{"empty user", request(`"user":""`), "metadata", ""},
		{"newer user id wins", request(`"user":"a"`, `"safety_identifier":"b"`), "metadata.user_id", `"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"`},
		{"empty extra", request(`"cache_control":{}`), "cache_control", ""},
		{"tool mark within function", request(`"tools":[{"type":"function","function":{"name":"f","cache_control":{"type":"ephemeral"}}}]`), "tools.0.cache_control", `{"type":"ephemeral"}`},
		{"null mark", messages(`{"role":"user","content":[{"type":"text","text":"x","cache_control":null}]}`), "messages.0.content.0.cache_control", ""},
		{"mark of an assistant message without own words", messages(userTurn, `{"role":"assistant","content":null,"cache_control":{"type":"ephemeral"},"thinking_blocks":[{"signature":"s"}]}`, userTurn), "messages.1.content.0.cache_control", ""},
		{"mark of a call", messages(userTurn, `{"role":"assistant","cache_control":{"type":"ephemeral"},"tool_calls":[{"id":"c1","function":{"name":"f","arguments":null}}]}`, `{"role":"tool","tool_call_id":"c1"}`), "messages.1.content.0", `{"type":"tool_use","id":"c1","name":"f","input":{},"cache_control":{"type":"ephemeral"}}`},
		{"refusal in history", messages(userTurn, `{"role":"assistant","content":null,"refusal":"No."}`, userTurn), "messages.1.content.0.text", `"No."`},
		{"details of another type", messages(userTurn, `{"role":"assistant","content":"x","reasoning_details":"y"}`, userTurn), "messages.1.content.0.text", `"x"`},
		{"two messages of one tool loop", messages(userTurn, toolUse, `{"role":"assistant","tool_calls":[{"id":"c2","function":{"name":"g"}}]}`, `{"role":"tool","tool_call_id":"c2"}`, `{"role":"tool","tool_call_id":"c1"}`), "messages.2.content.#", "2"},
		{"one id for two calls", messages(userTurn, `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f"}},{"id":"c1","function":{"name":"g"}}]}`, `{"role":"tool","tool_call_id":"c1"}`, `{"role":"tool","tool_call_id":"c1"}`), "messages.2.content.#", "2"},
		{"a prefill is trimmed at its very end", `{"model":"claude-haiku-4-5","messages":[` + userTurn + `,{"role":"assistant","content":[{"type":"text","text":"a \n"},{"type":"text","text":"b \n"}]}]}`, "messages.1.content.#.text", `["a \n","b"]`},
		{"history is not trimmed", messages(userTurn, `{"role":"assistant","content":"a \n"}`, userTurn), "messages.1.content.0.text", `"a \n"`},
		{"two thoughts", messages(userTurn, `{"role":"assistant","content":"x","reasoning_details":[{"text":"a","signature":"s"},{"text":"b","signature":"t"}]}`, userTurn), "messages.1.content.#.thinking", `["a","b"]`},
		{"words between results are said once", messages(userTurn, twoCalls, `{"role":"tool","tool_call_id":"c1"}`, `{"role":"user","content":"first"}`, `{"role":"tool","tool_call_id":"c2"}`,
			twoCalls, `{"role":"tool","tool_call_id":"c1"}`, `{"role":"user","content":"second"}`, `{"role":"tool","tool_call_id":"c2"}`), "messages.4.content.#.text", `["second"]`},
		{"only blank text", messages(`{"role":"user","content":" \n"}`), "messages.0.content.0.text", `"."`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := encode(t, tt.body)
			if !json.Valid(call.Body) {
				t.Fatalf("body is not JSON: %s", call.Body)
			}
			if got := gjson.GetBytes(call.Body, tt.path).Raw; got != tt.want {
				t.Errorf("got %s = %s, want %s in %s", tt.path, got, tt.want, call.Body)
			}
		})
	}
}

// TestDropped: named is what would have changed the answer, and only that.
func TestDropped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       []string
	}{
		{"nothing", request(), nil},
		{"values that ask for nothing", request(`"presence_penalty":0`, `"frequency_penalty":null`, `"logit_bias":{}`, `"store":false`, `"seed":null`, `"web_search_options":null`, `"temperature":1`, `"top_p":1`), nil},
		{"in the client's order", request(`"store":true`, `"seed":1`), []string{"store", "seed"}},
		{"clamped is not dropped", request("claude-opus-4-6", `"temperature":2`), nil},
		{"temperature under thinking", request("claude-haiku-4-5", `"temperature":0`, `"reasoning_effort":"low"`), []string{"temperature"}},
		{"forced tool", request("claude-opus-5-5", oneTool, `"tool_choice":"required"`), []string{"tool_choice"}},
		{"effort without room", request("claude-haiku-4-5", `"reasoning_effort":"high"`, `"max_tokens":1024`), []string{"reasoning_effort"}},
		{"effort of a model that cannot think", request("claude-3-haiku-20240307", `"reasoning_effort":"low"`), []string{"reasoning_effort"}},
		{"metadata beside the user id", request(`"metadata":{"user_id":"u","team":"t"}`), []string{"metadata"}},
		{"metadata of another type", request(`"metadata":"x"`), []string{"metadata"}},
		{"names that break a header", request(`"a\nb":1`, `"`+strings.Repeat("x", 65)+`":1`, `"":1`, `"ok":1`), []string{"ok"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := encode(t, tt.body).Dropped; !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDroppedIsBounded(t *testing.T) {
	t.Parallel()
	var fields []string
	for i := range 100 {
		fields = append(fields, fmt.Sprintf(`"x%d":1`, i))
	}
	if got := len(encode(t, request(fields...)).Dropped); got != maxDropped {
		t.Errorf("got %d names, want %d", got, maxDropped)
	}
}

// TestBytesAreKept: a prompt cache and a signature depend on them.
func TestBytesAreKept(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"escapes":         `"\u00e9\/\ud83e\udd84\t"`,
		"lone surrogate":  `"\ud83e x"`,
		"plain non-ASCII": `"é🦄"`,
		"marks of HTML":   `"<a href=\"x\">&</a>"`,
		"old markers":     `"\n\nHuman: hi\n\nAssistant:"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema := `{ "z":1.0, "type" : "object","a":` + raw + ` }`
			body := `{"model":"claude-opus-5","tools":[{"type":"function","function":{"name":"f","description":` + raw + `,"parameters":` + schema + `}}],"messages":[` +
				`{"role":"system","content":` + raw + `},{"role":"user","content":[{"type":"text","text":` + raw + `}]},` +
				`{"role":"assistant","content":` + raw + `,"thinking_blocks":[{"type":"thinking","thinking":` + raw + `,"signature":` + raw + `}]},` +
				`{"role":"user","content":` + raw + `}]}`
			got := encode(t, body).Body
			if n := bytes.Count(got, []byte(raw)); n != 8 {
				t.Errorf("got %d of 8 texts with their bytes in %s", n, got)
			}
			if !bytes.Contains(got, []byte(schema)) {
				t.Errorf("schema %s is not in %s", schema, got)
			}
		})
	}
}

// TestDeterministic: the same request gives the same bytes, and more turns
// leave what was before them alone.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	turns := []string{
		`{"role":"system","content":"S"}`, userTurn,
		`{"role":"assistant","content":"x","tool_calls":[{"id":"a.b","function":{"name":"f","arguments":"{\"b\":1,\"a\":2}"}}]}`,
		`{"role":"tool","tool_call_id":"a.b","content":"y"}`, `{"role":"system","content":"late"}`,
		`{"role":"assistant","content":"z"}`, userTurn,
	}
	first := encode(t, messages(turns...)).Body
	for range 20 {
		if again := encode(t, messages(turns...)).Body; !bytes.Equal(first, again) {
			t.Fatalf("got %s\nthen %s", first, again)
		}
	}
	longer := encode(t, messages(append(turns, `{"role":"assistant","content":"a"}`, userTurn)...)).Body
	prefix := first[:bytes.LastIndex(first, []byte("]}]"))]
	if !bytes.HasPrefix(longer, prefix) {
		t.Errorf("%s\ndoes not go on from\n%s", longer, prefix)
	}
}

func TestToolIDs(t *testing.T) {
	t.Parallel()
	ids := []string{"a.b", "a:b", "a_b", "é", "a b", "toolu_01A", `q"uote\`}
	seen := make(map[string]string)
	for _, id := range ids {
		quoted, _ := json.Marshal(id)
		body := encode(t, messages(userTurn, `{"role":"assistant","tool_calls":[{"id":`+string(quoted)+`,"function":{"name":"f"}}]}`,
			`{"role":"tool","tool_call_id":`+string(quoted)+`,"content":"x"}`)).Body
		use := gjson.GetBytes(body, "messages.1.content.0.id").Str
		result := gjson.GetBytes(body, "messages.2.content.0.tool_use_id").Str
		if use != result || !isWord(use) {
			t.Errorf("%q: got id %q of the call and %q of its result, want one of letters, digits, _ and -", id, use, result)
		}
		if other, taken := seen[use]; taken {
			t.Errorf("%q and %q both became %q", id, other, use)
		}
		seen[use] = id
		if isWord(id) && use != id {
			t.Errorf("%q became %q without need", id, use)
		}
	}
}
