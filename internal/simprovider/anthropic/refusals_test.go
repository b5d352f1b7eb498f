package anthropic

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fields fields
		want   string // the message's beginning
	}{
		// The whole.
		{"no max_tokens", fields{"max_tokens": ""}, "max_tokens: Field required"},
		{"max_tokens as text", fields{"max_tokens": `"5"`}, "max_tokens: Input should be a valid integer"},
		{"max_tokens beyond the model", fields{"max_tokens": "64001"}, "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5"},
		{"no model", fields{"model": ""}, "model: Field required"},
		{"unknown field", fields{"response_format": `{}`}, "response_format: Extra inputs are not permitted"},
		{"the first unknown field in order", fields{"user": `"x"`, "n": "1"}, "n: Extra inputs are not permitted"},
		{"beta field without its header", fields{"context_management": "{}"}, "context_management: Extra inputs are not permitted"},
		{"stream as text", fields{"stream": `"true"`}, "stream: Input should be a valid boolean"},
		{"whitespace stop", fields{"stop_sequences": `["a","\n"]`}, "stop_sequences: each stop sequence must contain non-whitespace"},
		{"stop as text", fields{"stop_sequences": `"a"`}, "stop_sequences: Input should be a valid list"},
		{"metadata", fields{"metadata": `{"team":"x"}`}, "metadata.team: Extra inputs are not permitted"},
		{"service tier of another provider", fields{"service_tier": `"default"`}, "service_tier: Input should be 'auto' or 'standard_only'"},
		{"temperature of another provider", fields{"temperature": "1.5"}, "temperature: range: 0..1"},
		{"too long", fields{"messages": messages(user(`"` + strings.Repeat("long ", 170_000) + `"`))}, "prompt is too long: 212503 tokens > 200000 maximum"},

		// Messages.
		{"no messages", fields{"messages": "[]"}, "messages: at least one message is required"},
		{"messages as text", fields{"messages": `"hi"`}, "messages: Input should be a valid list"},
		{"assistant first", fields{"messages": messages(assistant(`"hi"`), hello)}, `messages: first message must use the "user" role`},
		{"system role on an old model", fields{"messages": messages(hello, `{"role":"system","content":"x"}`)}, "messages: Unexpected role \"system\""},
		{"developer role", fields{"messages": messages(`{"role":"developer","content":"x"}`)}, "messages.0.role: Input should be 'user' or 'assistant'"},
		{"name on a message", fields{"messages": messages(`{"role":"user","content":"x","name":"bob"}`)}, "messages.0.name: Extra inputs are not permitted"},
		{"null content", fields{"messages": messages(user("null"))}, "messages.0.content: Input should be a valid string or a valid list"},
		{"no content", fields{"messages": messages(`{"role":"user"}`)}, "messages.0.content: Field required"},
		{"empty content", fields{"messages": messages(user(`""`))}, "messages.0: user messages must have non-empty content"},
		{"empty list", fields{"messages": messages(user(`[]`))}, "messages.0: user messages must have non-empty content"},
		{"empty assistant in the middle", fields{"messages": messages(hello, assistant(`""`), hello)}, "messages.1: all messages must have non-empty content"},
		{"whitespace", fields{"messages": messages(user(`" \n"`))}, "messages: text content blocks must contain non-whitespace text"},
		{"empty block", fields{"messages": messages(user(`[{"type":"text","text":""}]`))}, "messages: text content blocks must be non-empty"},
		{"whitespace block", fields{"messages": messages(user(`[{"type":"text","text":" "}]`))}, "messages: text content blocks must contain non-whitespace text"},
		{"another provider's block", fields{"messages": messages(user(`[{"type":"image_url","image_url":{"url":"x"}}]`))}, "messages.0.content.0: Input tag 'image_url' found using 'type' does not match any of the expected tags"},
		{"extra in a block", fields{"messages": messages(user(`[{"type":"text","text":"a","annotations":[]}]`))}, "messages.0.content.0.text.annotations: Extra inputs are not permitted"},
		{"block without type", fields{"messages": messages(user(`[{"text":"a"}]`))}, "messages.0.content.0.type: Field required"},
		{"tool_use of the user", fields{"messages": messages(user(`[{"type":"tool_use","id":"a","name":"f","input":{}}]`))}, "messages: `tool_use` blocks are not allowed in `user` messages"},
		{"prefill with trailing space", fields{"messages": messages(hello, assistant(`"The answer is "`))}, "messages: final assistant content cannot end with trailing whitespace"},
		{"prefill on a new model", fields{"model": sonnet, "messages": messages(hello, assistant(`"The"`))}, "This model does not support assistant message prefill."},

		// System.
		{"empty system block", fields{"system": `[{"type":"text","text":""}]`}, "system: text content blocks must be non-empty"},
		{"system of another type", fields{"system": `[{"type":"image"}]`}, "system.0.type: Input should be 'text'"},
		{"system as object", fields{"system": `{}`}, "system: Input should be a valid string or a valid list"},

		// Tool calls and results.
		{"call without result", fields{"messages": messages(hello, uses("a", "b"), user(messages(result("a"))))}, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: b."},
		{"call at the end", fields{"messages": messages(hello, uses("a"))}, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a"},
		{"text before the result", fields{"messages": messages(hello, uses("a"), user(`[{"type":"text","text":"so"},`+result("a")+`]`))}, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a."},
		{"result without call", fields{"messages": messages(user(messages(result("a"))))}, "messages.0.content: unexpected `tool_use_id` found in `tool_result` blocks: a."},
		{"result one turn late", fields{"messages": messages(hello, uses("a"), user(messages(result("a"))), assistant(`"ok"`), user(messages(result("a"))))}, "messages.4.content: unexpected `tool_use_id`"},
		{"two results for one call", fields{"messages": messages(hello, uses("a"), user(messages(result("a"), result("a"))))}, "messages.2.content: each tool_use must have a single result."},
		{"the same id twice", fields{"messages": messages(hello, uses("a"), user(messages(result("a"))), uses("a"), user(messages(result("a"))))}, "messages.3.content: `tool_use` ids must be unique"},
		{"arguments as text", fields{"messages": messages(hello, assistant(`[{"type":"tool_use","id":"a","name":"f","input":"{}"}]`), user(messages(result("a"))))}, "messages.1.content.0.tool_use.input: Input should be a valid dictionary"},
		{"foreign id", fields{"messages": messages(hello, assistant(`[{"type":"tool_use","id":"call.1","name":"f","input":{}}]`), user(messages(result("call.1"))))}, "messages.1.content.0.tool_use.id: String should match pattern"},
		{"result of another shape", fields{"messages": messages(hello, uses("a"), user(`[{"type":"tool_result","tool_use_id":"a","content":{"x":1}}]`))}, "messages.2.content.0.tool_result.content: Input should be a valid string or a valid list"},
		{"result with a foreign part", fields{"messages": messages(hello, uses("a"), user(`[{"type":"tool_result","tool_use_id":"a","content":[{"type":"input_text"}]}]`))}, "messages.2.content.0.tool_result.content.0: Input tag 'input_text'"},

		// Images and documents.
		{"image type", fields{"messages": image("image/bmp", pixel)}, "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"},
		{"image with another type's bytes", fields{"messages": image("image/jpeg", pixel)}, "messages.0.content.0.image.source.base64: Image does not match the provided media type image/jpeg"},
		{"a data URL for data", fields{"messages": image("image/png", "data:image/png;base64,"+pixel)}, "messages.0.content.0.image.source.base64: invalid base64 data"},
		{"not an image", fields{"messages": image("image/png", "aGVsbG8=")}, "messages.0.content.0.image.source.base64: Could not process image"},
		{"empty image", fields{"messages": image("image/png", "")}, "messages.0.content.0.image.source.base64: image cannot be empty"},
		{"foreign source", fields{"messages": messages(user(`[{"type":"image","source":{"type":"data"}}]`))}, "messages.0.content.0.image.source: Input tag 'data'"},
		{"document of another type", fields{"messages": messages(user(`[{"type":"document","source":{"type":"base64","media_type":"text/csv","data":"QQ=="}}]`))}, "messages.0.content.0.document.source.base64.media_type: Input should be 'application/pdf'"},
		{"local URL", fields{"messages": messages(user(`[{"type":"image","source":{"type":"url","url":"file:///etc/passwd"}}]`))}, "messages.0.content.0.image.source.url.url: Only HTTPS URLs are supported."},

		// Tools.
		{"tool in OpenAI's form", fields{"tools": `[{"type":"function","function":{"name":"f"}}]`}, "tools.0: Input tag 'function' found using 'type'"},
		{"tool name", fields{"tools": `[{"name":"a b","input_schema":{"type":"object"}}]`}, "tools.0.custom.name: String should match pattern"},
		{"tool without schema", fields{"tools": `[{"name":"f"}]`}, "tools.0.custom.input_schema: Field required"},
		{"schema without type", fields{"tools": `[{"name":"f","input_schema":{"properties":{}}}]`}, "tools.0.custom.input_schema.type: Field required"},
		{"schema of another type", fields{"tools": `[{"name":"f","input_schema":{"type":"array"}}]`}, "tools.0.custom.input_schema.type: Input should be 'object'"},
		{"tools twice", fields{"tools": messages(aTool, aTool)}, "tools: Tool names must be unique."},
		{"extra in a tool", fields{"tools": `[{"name":"f","input_schema":{"type":"object"},"parameters":{}}]`}, "tools.0.custom.parameters: Extra inputs are not permitted"},
		{"strict and open", fields{"tools": `[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}},"additionalProperties":false}}]`}, "tools.0.custom.input_schema.properties.a.items: For 'object' type, 'additionalProperties' must be explicitly set to false"},
		{"choice in OpenAI's words", fields{"tools": messages(aTool), "tool_choice": `{"type":"required"}`}, "tool_choice: Input tag 'required' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'"},
		{"choice without tools", fields{"tool_choice": `{"type":"auto"}`}, "tool_choice: tool_choice may only be specified while providing tools."},
		{"choice of no name", fields{"tools": messages(aTool), "tool_choice": `{"type":"tool"}`}, "tool_choice.tool.name: Field required"},
		{"choice of an absent tool", fields{"tools": messages(aTool), "tool_choice": `{"type":"tool","name":"g"}`}, "Tool 'g' not found in provided tools"},
		{"none with parallel", fields{"tools": messages(aTool), "tool_choice": `{"type":"none","disable_parallel_tool_use":true}`}, "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"},
		{"forced where it cannot be", fields{"model": `"claude-opus-5-5"`, "tools": messages(aTool), "tool_choice": `{"type":"any"}`}, "tool_choice: `any` is not supported for this model."},
		{"forced while thinking", fields{"max_tokens": "2000", "thinking": `{"type":"enabled","budget_tokens":1024}`, "tools": messages(aTool), "tool_choice": `{"type":"any"}`}, "Thinking may not be enabled when tool_choice forces tool use."},

		// Sampling, thinking, output.
		{"temperature on a new model", fields{"model": sonnet, "temperature": "0.5"}, "`temperature` is deprecated for this model."},
		{"top_p on a new model", fields{"model": sonnet, "top_p": "0.5"}, "`top_p` is deprecated for this model."},
		{"top_k on a new model", fields{"model": sonnet, "top_k": "5"}, "`top_k` is deprecated for this model."},
		{"both at once", fields{"temperature": "0.5", "top_p": "0.9"}, "`temperature` and `top_p` cannot both be specified for this model."},
		{"thinking with a small budget", fields{"thinking": `{"type":"enabled","budget_tokens":1023}`}, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"},
		{"thinking beyond max_tokens", fields{"max_tokens": "1024", "thinking": `{"type":"enabled","budget_tokens":1024}`}, "`max_tokens` must be greater than `thinking.budget_tokens`."},
		{"thinking and temperature", fields{"max_tokens": "2000", "temperature": "0", "thinking": `{"type":"enabled","budget_tokens":1024}`}, "`temperature` may only be set to 1 when thinking is enabled."},
		{"thinking and prefill", fields{"max_tokens": "2000", "messages": messages(hello, assistant(`"The"`)), "thinking": `{"type":"enabled","budget_tokens":1024}`}, "messages: final assistant content cannot be prefilled"},
		{"thinking of a newer kind", fields{"thinking": `{"type":"adaptive"}`}, `"thinking.type.adaptive" is not supported for this model.`},
		{"thinking of an older kind", fields{"model": sonnet, "thinking": `{"type":"enabled","budget_tokens":1024}`}, `"thinking.type.enabled" is not supported for this model.`},
		{"thinking as a word", fields{"thinking": `"on"`}, "thinking: Input tag '' found using 'type'"},
		{"tool loop without its thinking", fields{"max_tokens": "2000", "thinking": `{"type":"enabled","budget_tokens":1024}`, "messages": messages(hello, uses("a"), user(messages(result("a"))))}, "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."},
		{"edited thinking", fields{"messages": messages(hello, assistant(`[{"type":"thinking","thinking":"edited","signature":"`+dialogue.Sign("original", 1)+`"},{"type":"text","text":"a"}]`), hello)}, "messages.1.content.0: Invalid `signature` in `thinking` block"},
		{"thinking without signature", fields{"messages": messages(hello, assistant(`[{"type":"thinking","thinking":"a"}]`), hello)}, "messages.1.content.0.thinking.signature: Field required"},
		{"effort where there is none", fields{"output_config": `{"effort":"low"}`}, "This model does not support the effort parameter."},
		{"effort in OpenAI's words", fields{"model": sonnet, "output_config": `{"effort":"minimal"}`}, "This model does not support effort level 'minimal'."},
		{"json_object", fields{"output_config": `{"format":{"type":"json_object"}}`}, "output_config.format.type: Input should be 'json_schema'"},
		{"format in OpenAI's shape", fields{"output_config": `{"format":{"type":"json_schema","json_schema":{"schema":{}}}}`}, "output_config.format.json_schema: Extra inputs are not permitted"},
		{"open schema", fields{"output_config": `{"format":{"type":"json_schema","schema":{"type":"object"}}}`}, "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"},
		{"bounds in a schema", fields{"output_config": `{"format":{"type":"json_schema","schema":{"anyOf":[{"type":"integer","minimum":1}]}}}`}, "output_config.format.schema.anyOf.0: For 'integer' type, property 'minimum' is not supported"},
		{"format and prefill", fields{"messages": messages(hello, assistant(`"{"`)), "output_config": `{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}}`}, "Prefilling assistant messages is not supported with structured outputs."},

		// Cache.
		{"five breakpoints", fields{"system": `[` + strings.Repeat(`{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},`, 4) + `{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]`}, "A maximum of 4 blocks with cache_control may be provided. Found 5."},
		{"cache of another type", fields{"cache_control": `{"type":"persistent"}`}, "cache_control: Input tag 'persistent'"},
		{"cache for a day", fields{"system": `[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"24h"}}]`}, "system.0.cache_control.ephemeral.ttl: Input should be '5m' or '1h'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, bad := dialect.Parse(request(t, tt.fields), headers())
			if bad == nil {
				t.Fatalf("accepted, want %q", tt.want)
			}
			if bad.Status != 400 || bad.Type != "invalid_request_error" || !strings.HasPrefix(bad.Message, tt.want) {
				t.Errorf("refused with %d %s %q, want 400 invalid_request_error %q", bad.Status, bad.Type, bad.Message, tt.want)
			}
		})
	}
}

func TestRefusalsOfTheEnvelope(t *testing.T) {
	t.Parallel()
	newest := http.Header{"Anthropic-Version": {newVersion}}
	tests := []struct {
		name   string
		body   string
		header http.Header
		status int
		want   string
	}{
		{"no version", `{}`, http.Header{}, 400, "anthropic-version: header is required"},
		{"not JSON", `{"model":`, headers(), 400, "The request body is not valid JSON"},
		{"not an object", `[]`, headers(), 400, "Input should be a valid dictionary"},
		{"unknown model", string(request(t, fields{"model": `"nope"`})), headers(), 404, "model: nope"},
		{"another provider's model", string(request(t, fields{"model": `"gpt-5"`})), headers(), 404, "model: gpt-5"},
		{"a version that never was", `{}`, http.Header{"Anthropic-Version": {"2024-01-01"}}, 400, `anthropic-version: "2024-01-01" is not a valid version`},
		{"the assistant's document in the new version", string(request(t, fields{"messages": messages(hello, assistant(`[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"}}]`), hello)})), newest, 400, "messages.1.content.0.document: `document` blocks are not allowed in `assistant` messages"},
		{"citations of the user in the new version", string(request(t, fields{"messages": messages(user(`[{"type":"text","text":"a","citations":[]}]`))})), newest, 400, "messages.0.content.0.text.citations: Extra inputs are not permitted"},
		{"a beta's field without any beta", string(request(t, fields{"novel": `1`})), headers(), 400, "novel: Extra inputs are not permitted"},
		{"a known beta's field with another beta", string(request(t, fields{"context_management": `{}`})), http.Header{"Anthropic-Version": {"2023-06-01"}, "Anthropic-Beta": {"novel-2026-01-01"}}, 400, "context_management: Extra inputs are not permitted"},
		{"sampling in the new version", string(request(t, fields{"temperature": "1"})), newest, 400, "temperature: Extra inputs are not permitted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, bad := dialect.Parse([]byte(tt.body), tt.header)
			if bad == nil || bad.Status != tt.status || !strings.HasPrefix(bad.Message, tt.want) {
				t.Errorf("refusal %+v, want %d %q", bad, tt.status, tt.want)
			}
		})
	}
}
