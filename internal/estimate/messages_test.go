package estimate_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
)

// TestMeasureOfMessages sizes what only Anthropic's form of a request has.
func TestMeasureOfMessages(t *testing.T) {
	t.Parallel()
	block := func(b string) string { return `"messages":[{"role":"user","content":[` + b + `]}]` }
	source := func(kind, s string) string {
		return block(`{"type":"` + kind + `","source":{` + s + `},"cache_control":{"type":"ephemeral"}}`)
	}
	const one = 1 // token of the message itself
	tests := []struct {
		name, fields string
		want         estimate.Size
	}{
		{"a system prompt", `"system":"You help é."`, estimate.Size{Text: 10, Wide: 2}},
		{"one of blocks", `"system":[{"type":"text","text":"abc","cache_control":{"type":"ephemeral"}},{"type":"text","text":"de"}]`, estimate.Size{Text: 5}},
		{"no system prompt", `"system":null`, estimate.Size{}},
		{"tools", `"tools":[{"name":"f","input_schema":{}}]`, estimate.Size{JSON: 32, Fixed: 10}},
		{"a format", `"output_config":{"format":{}}`, estimate.Size{JSON: 13}},
		{"a call", block(`{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":"b"}}`), estimate.Size{Text: 1, JSON: 9, Fixed: one}},
		{"a result", block(`{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"abc"}]}`), estimate.Size{Text: 3, Fixed: one}},
		{"a thought counts once", block(`{"type":"thinking","thinking":"hm","signature":"ErUB"}`), estimate.Size{Text: 2, Fixed: one}},
		{"a sealed one not at all", block(`{"type":"redacted_thinking","data":"RmFsRmFs"}`), estimate.Size{Fixed: one}},
		{"a broken image, by its size", source("image", `"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="`), estimate.Size{Text: 9, Fixed: one}},
		{"an image at an address", source("image", `"type":"url","url":"https://example.com/a.png"`), estimate.Size{Fixed: one + 1000}},
		{"a document", source("document", `"media_type":"application/pdf","data":"`+encode(pdf(7, 1000))+`","type":"base64"`), estimate.Size{Fixed: one + 700}},
		{"a document at an address", source("document", `"type":"url","url":"https://example.com/a.pdf"`), estimate.Size{Fixed: one + 1000}},
		{"a stored document", source("document", `"type":"file","file_id":"file_1"`), estimate.Size{Fixed: one + 1000}},
		{"a document of text", source("document", `"type":"text","media_type":"text/plain","data":"abc"`), estimate.Size{Text: 3, Fixed: one}},
		{"a document of blocks", source("document", `"type":"content","content":[{"type":"text","text":"abc"}]`), estimate.Size{Text: 3, Fixed: one}},
		{"a search result", block(`{"type":"search_result","source":"https","title":"t","content":[]}`), estimate.Size{Text: 6, Fixed: one}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := chat.ParseDocument([]byte(`{"model":"m","max_tokens":100,` + tt.fields + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := estimate.Measure(&doc, plain); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
