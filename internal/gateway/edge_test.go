package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

// behindEdge is a gateway with two accepted secrets of its proxy, as while one
// is replaced.
func behindEdge(t *testing.T, u *fakeProvider) *bench {
	t.Helper()
	b := newBench(t, u, options{doc: func(d *config.Config) {
		d.Clients.EdgeSecrets = []string{"env:EDGE", "env:EDGE_NEXT"}
		d.Pools = map[string]config.Pool{"main": {Provider: config.ProviderOpenAI, Passthrough: true}}
	}})
	b.secrets.values["EDGE"], b.secrets.values["EDGE_NEXT"] = "edge-secret", "next-secret"
	return b
}

func TestOnlyTheEdgeGetsThrough(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path string
		edge               []string // values of the header
		want               int
	}{
		{"by the edge", "POST", "/v1/chat/completions", []string{"edge-secret"}, 200},
		{"by the edge that has the next secret", "POST", "/v1/chat/completions", []string{"next-secret"}, 200},
		{"straight", "POST", "/v1/chat/completions", nil, 403},
		{"with an empty header", "POST", "/v1/chat/completions", []string{""}, 403},
		{"by a guess", "POST", "/v1/chat/completions", []string{"edge-secre"}, 403},
		{"by a guess before the truth", "POST", "/v1/chat/completions", []string{"guess", "edge-secret"}, 403},
		{"by both at once, as Lambda joins them", "POST", "/v1/chat/completions", []string{"edge-secret,next-secret"}, 403},
		{"straight to a list", "GET", "/v1/models", nil, 403},
		{"straight to an administrator's call", "GET", "/admin/v1/pools", nil, 403},
		{"straight to a raw call", "GET", "/main/v1/anything", nil, 403},
		{"straight to nothing", "GET", "/nothing", nil, 403},
		{"straight, by way of a health check", "POST", "/healthz/../v1/chat/completions", nil, 403},
		{"straight, below a health check", "POST", "/healthz/x", nil, 403},
		{"health check", "GET", "/healthz", nil, 200},
		{"health check of a load balancer", "GET", "/readyz", nil, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := newProvider(t)
			b := behindEdge(t, u)
			w := inMemory(t, b, tt.method, tt.path, http.Header{"X-Fallow-Edge": tt.edge})
			if w.Code != tt.want {
				t.Fatalf("%d %s, want %d", w.Code, w.Body, tt.want)
			}
			if tt.want != 403 {
				return
			}
			if !strings.Contains(w.Body.String(), `"code":"not_through_edge"`) || w.Header().Get("X-Should-Retry") != "false" {
				t.Errorf("%v %s, want the code not_through_edge and no retry", w.Header(), w.Body)
			}
			if u.total() != 0 {
				t.Error("the provider was called")
			}
			if e := b.last(t); e.Code != "not_through_edge" || e.Status != 403 || e.ID == "" {
				t.Errorf("event = %+v, want the refusal in the log", e)
			}
		})
	}
}

// TestEdgeRefusesInTheShapeOfTheAPI, since SDKs read it.
func TestEdgeRefusesInTheShapeOfTheAPI(t *testing.T) {
	t.Parallel()
	a := behindEdge(t, newProvider(t)).do(t, "POST", "/v1/messages", hello)
	if a.StatusCode != 403 || !strings.HasPrefix(a.body, `{"type":"error","error":{"type":"permission_error"`) {
		t.Errorf("%d %s, want 403 in Anthropic's form", a.StatusCode, a.body)
	}
}

// TestEdgeSecretStaysHere: raw calls take the client's headers along.
func TestEdgeSecretStaysHere(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	var got http.Header
	u.on("main_k1", func(w http.ResponseWriter, r *http.Request) { got = r.Header; whole("ok")(w, r) })
	u.on("main_k2", func(w http.ResponseWriter, r *http.Request) { got = r.Header; whole("ok")(w, r) })
	b := behindEdge(t, u)
	a := b.do(t, "POST", "/main/v1/anything", hello, "x-fallow-edge", "edge-secret", "x-kept", "1")
	if a.StatusCode != 200 || got.Get("X-Kept") != "1" || got.Get("X-Fallow-Edge") != "" {
		t.Errorf("%d %s; the provider got %v, want the client's own headers only", a.StatusCode, a.body, got)
	}
}

// TestEdgeSecretsUnreadable: who cannot be told from a stranger is none, but no
// stranger gets in.
func TestEdgeSecretsUnreadable(t *testing.T) {
	t.Parallel()
	b := behindEdge(t, newProvider(t))
	delete(b.secrets.values, "EDGE_NEXT")
	if w := inMemory(t, b, "POST", "/v1/chat/completions", http.Header{"X-Fallow-Edge": {"edge-secret"}}); w.Code != 200 {
		t.Errorf("with one secret that is not there yet: %d %s, want 200", w.Code, w.Body)
	}
	if a := b.do(t, "GET", "/readyz", ""); a.StatusCode != 200 || !strings.Contains(a.body, `"clients.edge_secrets[1]"`) {
		t.Errorf("readyz: %d %s, want ready, and what is missing by name", a.StatusCode, a.body)
	}
	delete(b.secrets.values, "EDGE")
	if a := b.do(t, "GET", "/readyz", ""); a.StatusCode != 503 {
		t.Errorf("readyz while nobody can pass: %d %s, want 503", a.StatusCode, a.body)
	}
	b.secrets.mu.Lock()
	b.secrets.down = true
	b.secrets.mu.Unlock()
	w := inMemory(t, b, "POST", "/v1/chat/completions", http.Header{"X-Fallow-Edge": {"edge-secret"}})
	if w.Code != 503 || !strings.Contains(w.Body.String(), "credentials_unreadable") {
		t.Errorf("while they cannot be read: %d %s, want 503 credentials_unreadable", w.Code, w.Body)
	}
}

// inMemory sends a request whose headers may repeat and whose path stays as it is.
func inMemory(t *testing.T, b *bench, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(hello))
	r.RemoteAddr, r.Host, r.Header = "127.0.0.1:5000", "localhost", header
	w := httptest.NewRecorder()
	b.gateway.ServeHTTP(w, r)
	return w
}
