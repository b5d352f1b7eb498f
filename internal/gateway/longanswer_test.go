package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider/anthropic"
)

// TestLongAnswerInOnePiece: a long answer is asked of Anthropic as events, while
// the client gets the one piece that it asked for; an error among the events is
// made good by another try, since the client has seen nothing yet.
func TestLongAnswerInOnePiece(t *testing.T) {
	t.Parallel()
	events := lines(
		`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Long."}}`,
	)
	fault := lines(`{"type":"error","error":{"type":"api_error","message":"busy"}}`)
	end := lines(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}`, `{"type":"message_stop"}`)
	for path, text := range map[string]string{"/v1/chat/completions": "choices.0.message.content", "/v1/messages": "content.0.text"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			calls := 0
			answer := func(r *http.Request) (*http.Response, error) {
				body := events + end
				if calls == 1 {
					body = events + fault
				}
				return reply(r, 200, http.Header{"Content-Type": {"text/event-stream"}}, strings.NewReader(body))
			}
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1", "k2"}, dialect: anthropic.New(anthropic.Config{}), answer: counted(&calls, answer)})
			w := p.do(t.Context(), "POST", path, `{"model":"m","max_tokens":64000,"messages":[{"role":"user","content":"x"}]}`)
			if got := gjson.Get(w.Body.String(), text).Str; w.Code != 200 || got != "Long." || calls != 2 {
				t.Errorf("%d %s after %d calls, want the text after two", w.Code, w.Body, calls)
			}
			if kind := w.Header().Get("Content-Type"); kind != "application/json" {
				t.Errorf("content type %q, want application/json", kind)
			}
			if u := p.only(t).Usage; u.InputTokens != 5 || u.OutputTokens != 9 || !u.Exact {
				t.Errorf("usage %+v, want 5 and 9, exact", u)
			}
		})
	}
}
