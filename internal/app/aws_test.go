package app_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// TestBedrockByRole: a pool without any secret answers from Bedrock's own wire
// format, whole and as a stream, signed with the process's credentials.
func TestBedrockByRole(t *testing.T) {
	t.Parallel()
	orgs := simprovider.Organisations(1, 0, simprovider.Roomy)
	orgs[0].Keys = []string{ownKeyID}
	sim, err := simprovider.Start(t.Context(), simprovider.Config{Organisations: orgs, Models: []string{"claude-amazon.*"}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	g, err := app.New(app.Config{
		Document: parse(t, "{provider: bedrock, base_url: \""+sim.URL()+"\", keys: [{name: role, secret: \"aws:role\"}]}"),
		Table:    embedded.NewMemory(), Environ: []string{"AWS_REGION=eu-west-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"us.anthropic.claude-sonnet-5", "amazon.nova-pro-v1:0"} {
		for stream, want := range map[string]string{"false": `"finish_reason":"stop"`, "true": "data: [DONE]"} {
			w := httptest.NewRecorder()
			body := `{"model":"` + model + `","stream":` + stream + `,"messages":[{"role":"user","content":"Say hello."}]}`
			g.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(body)))
			if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s, stream %s: got %d %s, want %s in it", model, stream, w.Code, w.Body, want)
			}
		}
	}
}
