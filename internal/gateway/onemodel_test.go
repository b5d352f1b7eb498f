package gateway_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

// TestOneModel is an entry of the list, in the shape of the API that the client
// speaks.
func TestOneModel(t *testing.T) {
	t.Parallel()
	const list = `{"data":[{"id":"gpt-x","created":5,"owned_by":"them"},{"id":"vendor/m","created":6},` +
		`{"id":"claude-h-20250101"},{"id":"claude-h-20251001"},{"id":"claude-h-20260101-x"}]}`
	claude := []string{"Anthropic-Version", "2023-06-01"}
	tests := []struct {
		name, id string
		headers  []string
		status   int
		want     string
	}{
		{"OpenAI's", "gpt-x", nil, 200, `{"id":"gpt-x","object":"model","created":5,"owned_by":"them"}`},
		{"Anthropic's", "gpt-x", claude, 200, `{"type":"model","id":"gpt-x","display_name":"gpt-x","created_at":"1970-01-01T00:00:05Z"}`},
		{"with a slash", "vendor/m", nil, 200, `{"id":"vendor/m","object":"model","created":6,"owned_by":"main"}`},
		{"with one that is escaped", "vendor%2Fm", nil, 200, `{"id":"vendor/m","object":"model","created":6,"owned_by":"main"}`},
		{"an alias", "review", nil, 200, `{"id":"review","object":"model","created":0,"owned_by":"fallow"}`},
		{"without its date: the newest", "claude-h", claude, 200, `{"type":"model","id":"claude-h-20251001","display_name":"claude-h-20251001","created_at":"1970-01-01T00:00:00Z"}`},
		{"a pattern that leads to one model", "my-own", nil, 200, `{"id":"my-own","object":"model","created":0,"owned_by":"main"}`},
		{"unknown to the provider of *", "gpt-typo", nil, 404, `"param":"model","code":"model_not_found"`},
		{"unknown, for Anthropic's", "gpt-typo", claude, 404, `{"type":"error","error":{"type":"not_found_error","message":"The model \"gpt-typo\" is not`},
		{"without end", strings.Repeat("x", 30<<10), nil, 404, `…`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newInProcessOf(t, func(d *config.Config) {
				d.Models["review"] = config.Route{Targets: []config.Target{{Pool: "main", Model: "gpt-x"}}}
				d.Models["my-*"] = config.Route{Targets: []config.Target{{Pool: "main", Model: "gpt-x"}}}
			}, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(list)})
			w := p.do(t.Context(), "GET", "/v1/models/"+tt.id, "", tt.headers...)
			var got bytes.Buffer
			if err := json.Compact(&got, w.Body.Bytes()); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if w.Code != tt.status || !strings.Contains(got.String(), tt.want) || got.Len() > 1000 {
				t.Errorf("%d %s, want %d %s", w.Code, got.String(), tt.status, tt.want)
			}
		})
	}
}

// TestOneModelThatNobodyListed: without a provider's list any name may be right,
// and without a route none is.
func TestOneModelThatNobodyListed(t *testing.T) {
	t.Parallel()
	silent := upstreamOf{name: "main", keys: []string{"k1"}, dialect: unlisted{openai.New(openai.Config{})}, answer: saying(okBody)}
	if w := newInProcess(t, silent).do(t.Context(), "GET", "/v1/models/any", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"owned_by": "main"`) {
		t.Errorf("%d %s, want the name taken", w.Code, w.Body)
	}
	named := newInProcessOf(t, func(d *config.Config) {
		d.Models = map[string]config.Route{"m": d.Models["*"]}
		d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}}}
	}, silent)
	named.secrets.values["BOT"] = "bot-token"
	for path, want := range map[string]int{"m": 200, "any": 404} {
		if w := named.do(t.Context(), "GET", "/v1/models/"+path, "", bot...); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	w := named.do(t.Context(), "GET", "/v1/models/m", "")
	wantAnswer(t, w.Code, w.Body.String(), 401, "invalid_api_key")
}
