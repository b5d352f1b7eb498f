package estimate_test

import (
	"bytes"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
)

// FuzzMeasure: whatever a client sends, Measure does not panic and counts no byte
// twice; one message more makes a request no smaller.
func FuzzMeasure(f *testing.F) {
	for _, seed := range []string{
		`{"model":"m","messages":[{"role":"user","content":"hi \u4e2d\n"}],"tools":[{"type":"function"}],"response_format":{"type":"text"}}`,
		" {\"messages\" : [ {\"role\":\"user\",\"content\":[ {\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image\\/png;base64,iVBORw0KGgo\"}},null,1.5,true ]} ], \"model\":\"m\"}\n",
		`{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"JVBERi0xLjQgL1BhZ2UgL1BhZ2U="}},{"type":"input_audio","input_audio":{"data":"AAAA"}}]}]}`,
		`{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{\"a\":[1,2]}"}}],"function_call":-1e5}],"functions":{"a":1}}`,
		`{"model":"m","messages":[{"role":"user","content":[{"image_url":"data:image/jpeg;base64,/9j/4f//"},{"file":{"file_id":"x"}}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	formulas := []estimate.Formula{{}, estimate.Anthropic("claude-opus-5"), estimate.OpenAI("gpt-4o")}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := chat.Parse(body)
		if err != nil {
			return
		}
		before := bytes.Clone(body)
		longer := another(t, r)
		for _, formula := range formulas {
			s := estimate.Measure(r, formula)
			if s.Text < 0 || s.Wide < 0 || s.JSON < 0 || s.Fixed < 0 {
				t.Errorf("got %+v, want nothing below 0", s)
			}
			if n := s.Text + s.Wide + s.JSON; n > int64(len(body)) {
				t.Errorf("counted %d bytes of %d: %+v", n, len(body), s)
			}
			got := estimate.Measure(longer, formula)
			if want := (estimate.Size{Text: s.Text + 3, Wide: s.Wide, JSON: s.JSON, Fixed: s.Fixed + formula.Message}); got != want {
				t.Errorf("with a message of three letters got %+v, want %+v", got, want)
			}
		}
		if !bytes.Equal(body, before) {
			t.Error("the body was modified")
		}
	})
}

// another returns the request with one message more, at the end.
func another(t *testing.T, r *chat.Request) *chat.Request {
	messages := r.Get("messages")
	end := messages.Index + len(messages.Raw) - 1
	body := append(bytes.Clone(r.Raw[:end]), `,{"role":"user","content":"abc"}`...)
	longer, err := chat.Parse(append(body, r.Raw[end:]...))
	if err != nil {
		t.Fatalf("a message more is refused: %v", err)
	}
	return longer
}
