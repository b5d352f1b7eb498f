package responses

import (
	"errors"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
)

func TestParse(t *testing.T) {
	t.Parallel()
	body := `{"model":"review","input":"hi","stream":true,"max_output_tokens":7,"previous_response_id":"resp_1","store":false,"from_the_future":{"a":1}}`
	r := parse(t, body)
	if r.Model != "review" || !r.Stream || r.MaxOutput() != 7 || r.PreviousResponseID != "resp_1" || r.Store {
		t.Errorf("got %q, %v, %d, %q, %v", r.Model, r.Stream, r.MaxOutput(), r.PreviousResponseID, r.Store)
	}
	if string(r.Raw) != body {
		t.Errorf("body: got %s, want it as it came", r.Raw)
	}
}

func TestParseOpen(t *testing.T) {
	t.Parallel()
	r := parse(t, `{"model":"m","input":null,"stream":null,"store":null,"max_output_tokens":null,"previous_response_id":null,"tools":null}`)
	if r.Stream || r.MaxOutput() != 0 || r.PreviousResponseID != "" || !r.Store {
		t.Errorf("got %v, %d, %q, %v; want nothing but store", r.Stream, r.MaxOutput(), r.PreviousResponseID, r.Store)
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, param string }{
		{"not JSON", `{"model":`, ""},
		{"not an object", `[]`, ""},
		{"twice", `{"model":"a","model":"b"}`, "model"},
		{"no model", `{"input":"x"}`, "model"},
		{"input a number", `{"model":"m","input":1}`, "input"},
		{"item a string", `{"model":"m","input":[{},"x"]}`, "input[1]"},
		{"instructions a list", `{"model":"m","instructions":[]}`, "instructions"},
		{"stream a string", `{"model":"m","stream":"yes"}`, "stream"},
		{"store a number", `{"model":"m","store":1}`, "store"},
		{"background a string", `{"model":"m","background":"x"}`, "background"},
		{"previous a number", `{"model":"m","previous_response_id":1}`, "previous_response_id"},
		{"no output", `{"model":"m","max_output_tokens":0}`, "max_output_tokens"},
		{"half a token", `{"model":"m","max_output_tokens":1.5}`, "max_output_tokens"},
		{"more than can be counted", `{"model":"m","max_output_tokens":1e300}`, "max_output_tokens"},
		{"too hot", `{"model":"m","temperature":2.1}`, "temperature"},
		{"tools an object", `{"model":"m","tools":{}}`, "tools"},
		{"tool null", `{"model":"m","tools":[null]}`, "tools[0]"},
		{"text a string", `{"model":"m","text":"json"}`, "text"},
		{"reasoning a string", `{"model":"m","reasoning":"high"}`, "reasoning"},
		{"include a string", `{"model":"m","include":"x"}`, "include"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantFault(t, func() error { _, err := Parse([]byte(tt.body)); return err }(), tt.param, "")
		})
	}
}

// wantFault wants a *chat.ParamError about param whose message has text in it.
func wantFault(t *testing.T, err error, param, text string) {
	t.Helper()
	var p *chat.ParamError
	if !errors.As(err, &p) {
		t.Fatalf("got error %v, want a *chat.ParamError", err)
	}
	if p.Param != param || p.Message == "" || !strings.Contains(p.Message, text) {
		t.Errorf("got %q: %q, want %q and %q", p.Param, p.Message, param, text)
	}
}

func TestPrompt(t *testing.T) {
	t.Parallel()
	p := Prompt{parse(t, `{"model":"m","instructions":"I","input":"in","text":{"format":{"type":"text"}},"tools":[]}`)}
	for field, want := range map[string]string{
		"system": `"I"`, "messages": `"in"`, "response_format": `{"format":{"type":"text"}}`, "tools": "[]", "functions": "",
	} {
		if got := string(p.Bytes(field)); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
}

func TestConversation(t *testing.T) {
	t.Parallel()
	base := parse(t, `{"model":"m","instructions":"I","tools":[{"type":"function","name":"f"}],"input":"one"}`).Conversation()
	if len(base) != 32 {
		t.Errorf("got %q, want 32 digits", base)
	}
	const head = `{"model":"m","instructions":"I","tools":[{"type":"function","name":"f"}],"input":`
	tests := []struct {
		name, body string
		same       bool
	}{
		{"next turn", head + `[{"role":"user","content":"one"},{"role":"assistant","content":"1"},{"role":"user","content":"two"}]}`, true},
		{"as parts, with ids", head + `[{"type":"message","id":"msg_1","role":"user","status":"completed","content":[{"type":"input_text","text":"one","cache_control":{}}]}]}`, true},
		{"other settings", `{"model":"n","temperature":1,` + head[13:] + `"one"}`, true},
		{"reasoning before the question", head + `[{"type":"reasoning","summary":[]},{"role":"user","content":"one"}]}`, true},
		{"another question", head + `"two"}`, false},
		{"another developer", head + `[{"role":"developer","content":"D"},{"role":"user","content":"one"}]}`, false},
		{"an image", head + `[{"role":"user","content":["odd",{"type":"input_text","text":"one"},{"type":"input_image","image_url":"u"}]}]}`, false},
		{"other instructions", `{"model":"m","instructions":"J","tools":[{"type":"function","name":"f"}],"input":"one"}`, false},
		{"no tools", `{"model":"m","instructions":"I","input":"one"}`, false},
		{"a key", `{"model":"m","instructions":"I","input":"one","prompt_cache_key":"k"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, tt.body).Conversation(); (got == base) != tt.same {
				t.Errorf("same: got %v, want %v", got == base, tt.same)
			}
		})
	}
}

func TestConversationByKey(t *testing.T) {
	t.Parallel()
	a := parse(t, `{"model":"m","input":"one","prompt_cache_key":"k"}`).Conversation()
	b := parse(t, `{"model":"m","input":"two","prompt_cache_key":"k"}`).Conversation()
	c := parse(t, `{"model":"m","input":"two","prompt_cache_key":"l"}`).Conversation()
	if a != b || b == c {
		t.Errorf("got %s and %s for one key and %s for another", a, b, c)
	}
}
