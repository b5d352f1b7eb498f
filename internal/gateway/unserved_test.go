package gateway_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/config"
)

// TestDidYouMean: most wrong base URLs lack a version, or have it twice.
func TestDidYouMean(t *testing.T) {
	t.Parallel()
	tests := []struct{ method, path, want string }{
		{"POST", "/chat/completions", "/v1/chat/completions"},
		{"POST", "/v1/v1/chat/completions", "/v1/chat/completions"},
		{"POST", "/api/v1/messages", "/v1/messages"},
		{"POST", "/v1/messages/v1/messages", "/v1/messages"},
		{"GET", "/models", "/v1/models"},
		{"GET", "/files/file-1", "/v1/files/file-1"},
		{"GET", "/chat/completions", ""}, // it takes POST
		{"POST", "/a/b/c/d/e/v1/messages", ""},
		{"GET", "/v1/nothing", ""},
		{"GET", "/", ""},
		{"GET", "/files/" + strings.Repeat("x", 300), ""},
	}
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(okBody)})
	for _, tt := range tests {
		w := p.do(t.Context(), tt.method, tt.path, "")
		if w.Code != 404 {
			t.Errorf("%s %s: %d, want 404", tt.method, tt.path, w.Code)
		}
		_, got, said := strings.Cut(gjson.Get(w.Body.String(), "error.message").Str, "did you mean ")
		if said != (tt.want != "") || !strings.HasPrefix(got, tt.want) || said && !strings.HasPrefix(got, tt.want+"? ") {
			t.Errorf("%s %s: %s, want a hint to %q", tt.method, tt.path, w.Body, tt.want)
		}
	}
}

// TestUnservedIsReported: a bot with a wrong base URL gets no further, and its
// operator must see it; by its name if it has one.
func TestUnservedIsReported(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("ä", 15<<10)
	tests := []struct {
		name, method, path string
		headers            []string
		status             int
		code, client, says string
	}{
		{"not found", "POST", "/chat/completions?key=canary", bot, 404, "not_found", "bot", "POST /chat/completions"},
		{"a stranger", "GET", "/wp-login.php", nil, 404, "not_found", "", "GET /wp-login.php"},
		{"wrong method", "GET", "/v1/chat/completions", bot, 405, "method_not_allowed", "bot", "GET /v1/chat/completions"},
		{"without end", "GET", long, nil, 404, "not_found", "", "GET /ää"},
		{"a method without end", strings.Repeat("M", 3000), "/v1/models", nil, 405, "method_not_allowed", "", "MMM"},
		{"a key in the path", "GET", "/bot-token/v1/models/x", nil, 404, "not_found", "", "GET /"},
		{"compaction", "POST", "/v1/responses/compact", bot, 404, "unsupported_api", "bot", "POST /v1/responses/compact"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newInProcessOf(t, func(d *config.Config) {
				d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}}}
			}, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(okBody)})
			p.secrets.values["BOT"] = "bot-token"
			w := p.do(t.Context(), tt.method, tt.path, hello, tt.headers...)
			wantAnswer(t, w.Code, w.Body.String(), tt.status, tt.code)
			if w.Body.Len() > 1000 {
				t.Errorf("the answer says %d bytes again", w.Body.Len())
			}
			e := p.only(t)
			if e.Status != tt.status || e.Code != tt.code || e.Client != tt.client || e.API != "unserved" || e.Model != "" {
				t.Errorf("event = %+v", e)
			}
			if !strings.HasPrefix(e.Path, tt.says) || len(e.Path) > 210 || strings.Contains(e.Path, "canary") || strings.Contains(e.Path, "bot-token") {
				t.Errorf("path = %q, want %q, short and without secrets", e.Path, tt.says)
			}
		})
	}
}
