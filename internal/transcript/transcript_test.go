package transcript_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/redact"
	"github.com/fallow-dev/fallow/internal/transcript"
)

const most = 4 << 10

func wanted(e redact.Excerpt) string { return e.Text[e.From:e.To] }

func TestPrompt(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"Chat Completions", `{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"what is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
			{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},{"role":"tool","tool_call_id":"c1","content":"a cat"}],"tools":[{"function":{"description":"not said"}}]}`,
			"system: be brief\nuser: what is this?\nassistant: name: look\n{\"at\":1}\ntool: a cat"},
		{"Messages", `{"model":"m","system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"text","text":"hi"}]},
			{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"tool_use","id":"t","name":"put","input":{"secret_access_key":"abc","n":3}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"done"}]}]}`,
			"system: be brief\nuser: hi\nassistant: thinking: hm\nname: put\nsecret_access_key: abc\nuser: done"},
		{"Responses", `{"model":"m","instructions":"be brief","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"42"},{"type":"reasoning","encrypted_content":"gAAA","summary":[]}]}`,
			"system: be brief\nuser: hi\nname: f\n{}\n42"},
		{"Responses of one text", `{"model":"m","input":"hi"}`, "hi"},
		{"Completions", `{"prompt":["a","b"],"suffix":"c"}`, "a\nb\nc"},
		{"Embeddings of tokens", `{"input":[[1,2],[3]]}`, ""},
		{"rerank", `{"query":"q","documents":["d",{"text":"e"}]}`, "q\nd\ne"},
		{"escapes are undone", `{"input":"sk\u002dproj\n\"x\""}`, "sk-proj\n\"x\""},
		{"no JSON", "--boundary\r\nContent-Disposition: form-data", ""},
		{"nothing", "", ""},
		{"nested beyond reason", `{"input":` + strings.Repeat("[", 10_000) + `"x"` + strings.Repeat("]", 10_000) + `}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, cut := transcript.Prompt([]byte(tt.body), most)
			if wanted(got) != tt.want || cut != 0 {
				t.Errorf("got %q and %d cut, want %q", wanted(got), cut, tt.want)
			}
		})
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, kind, body, want string }{
		{"Chat Completions", "", `{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"ok","refusal":null,"annotations":[]},"logprobs":{"content":[{"token":"sk-"},{"token":"abc"}]}}]}`, "ok"},
		{"tool calls", "", `{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}}]}`, "name: f\n{\"a\":1}"},
		{"Messages", "application/json; charset=utf-8", `{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"ok"}],"stop_reason":"end_turn"}`, "thinking: hm\nok"},
		{"Responses", "", `{"id":"r","instructions":"not an answer","text":{"format":{"type":"text"},"verbosity":"medium"},"output":[{"type":"message","id":"m","role":"assistant","status":"completed","content":[{"type":"output_text","text":"ok","logprobs":[{"token":"o"}]}]}]}`, "ok"},
		{"transcription", "", `{"text":"said"}`, "said"},
		{"transcription in plain text", "text/plain; charset=utf-8", "said", "said"},
		{"speech", "audio/mpeg", "ID3 said", ""},
		{"embeddings", "", `{"data":[{"embedding":[0.1]}]}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, cut := transcript.Whole(tt.kind, []byte(tt.body), most)
			if wanted(got) != tt.want || cut != 0 {
				t.Errorf("got %q and %d cut, want %q", wanted(got), cut, tt.want)
			}
		})
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		events []string
		want   string
	}{
		{"Chat Completions", []string{`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`, `{"choices":[{"index":0,"delta":{"content":"a"}}]}`, `{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}]}`, `{"choices":[],"usage":{}}`, `[DONE]`},
			"ab"},
		{"two choices by turns", []string{`{"choices":[{"index":0,"delta":{"content":"sk-"}},{"index":1,"delta":{"content":"x"}}]}`, `{"choices":[{"index":1,"delta":{"content":"y"}}]}`, `{"choices":[{"index":0,"delta":{"content":"abc"}}]}`},
			"sk-abc\nxy"},
		{"tool calls in parallel", []string{`{"choices":[{"index":0,"delta":{"reasoning_content":"hm","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"a\""}},{"index":1,"function":{"name":"g","arguments":"{}"}}]}}]}`, `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}`},
			"reasoning_content: hm\ntool: f{\"a\":1}\ntool: g{}"},
		{"Completions", []string{`{"choices":[{"index":0,"text":"a"}]}`, `{"choices":[{"index":0,"text":"b"}]}`}, "ab"},
		{"Messages", []string{`{"type":"message_start","message":{"content":[]}}`, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`,
			`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"o"}}`, `{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"k"}}`,
			`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`, `{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{}"}}`},
			"thinking: hm\nok\ntool: f{}"},
		{"Responses", []string{`{"type":"response.created","response":{}}`, `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"o","obfuscation":"xyz"}`, `{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"}`,
			`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"k"}`, `{"type":"response.output_text.done","text":"ok"}`, `{"type":"response.audio.delta","delta":"AAAA"}`},
			"ok\nfunction_call_arguments: {}"},
		{"transcription", []string{`{"type":"transcript.text.delta","delta":"said"}`}, "transcript.text: said"},
		{"nothing of the kind", []string{``, `null`, `[]`, `{"error":{"message":"no"}}`, `{"choices":7}`, `: `}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := transcript.NewStream(most)
			for _, e := range tt.events {
				s.Add([]byte(e))
			}
			texts, cut := s.Excerpts()
			var got []string
			for _, e := range texts {
				got = append(got, wanted(e))
			}
			if said := strings.Join(got, "\n"); said != tt.want || cut != 0 {
				t.Errorf("got %q and %d cut, want %q", said, cut, tt.want)
			}
		})
	}
}
