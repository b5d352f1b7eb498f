package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/simprovider"
)

// TestSimulatedProvider is every API that can be translated, both ways, against
// a provider that checks what it is sent.
func TestSimulatedProvider(t *testing.T) {
	t.Parallel()
	const (
		chatBody     = `{"model":"M","max_tokens":50,"messages":[{"role":"user","content":"Say something."}]}`
		messagesBody = `{"model":"M","max_tokens":50,"system":"Be brief.","messages":[{"role":"user","content":"Say something."}]}`
		inputBody    = `{"model":"M","max_output_tokens":50,"instructions":"Be brief.","input":"Say something."}`
	)
	providers := []struct {
		name, model string
		dialect     provider.Dialect
		formula     func(string) estimate.Formula
	}{
		{"claude", "claude-sonnet-4-5", claudeDialect, estimate.Anthropic},
		{"gpt", "gpt-4o", otherDialect, estimate.OpenAI},
	}
	apis := []struct{ path, body, whole, ends string }{
		{"/v1/chat/completions", chatBody, `"chat.completion"`, "data: [DONE]\n\n"},
		{"/v1/messages", messagesBody, `"type":"message"`, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
		{"/v1/responses", inputBody, `"object":"response"`, ""},
		{"/v1/messages/count_tokens", strings.Replace(messagesBody, `"max_tokens":50,`, "", 1), `"input_tokens"`, ""},
	}
	for _, pr := range providers {
		sim := simprovider.New(simprovider.Config{})
		for _, api := range apis {
			for _, stream := range []bool{false, true} {
				t.Run(pr.name+api.path+map[bool]string{true: " streamed"}[stream], func(t *testing.T) {
					t.Parallel()
					p := newInProcess(t, upstreamOf{name: pr.name, keys: []string{"k1"}, dialect: pr.dialect, formula: pr.formula, answer: func(r *http.Request) (*http.Response, error) {
						if pr.name == "gpt" {
							r.URL.Path = "/v1" + r.URL.Path // its base URL would say so
						}
						w := httptest.NewRecorder()
						sim.ServeHTTP(w, r)
						return w.Result(), nil
					}})
					p.secrets.values["k1"] = "sim-key-1"
					body := strings.Replace(api.body, `"M"`, `"`+pr.model+`"`, 1)
					if stream && !strings.HasSuffix(api.path, "count_tokens") {
						body = streaming(body)
					}
					w := p.do(t.Context(), "POST", api.path, body)
					if w.Code != 200 || !stream && !strings.Contains(w.Body.String(), api.whole) {
						t.Fatalf("%d %s, want 200 with %s", w.Code, w.Body, api.whole)
					}
					if stream && !strings.HasSuffix(w.Body.String(), api.ends) {
						t.Errorf("stream ends %q, want %q", tail(w.Body.String()), api.ends)
					}
					if e := p.only(t); e.Code != "" || !strings.HasSuffix(api.path, "count_tokens") && (!e.Usage.Exact || e.Usage.OutputTokens == 0) {
						t.Errorf("event = %+v, want a success with its usage", e)
					}
				})
			}
		}
	}
}
