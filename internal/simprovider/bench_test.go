package simprovider

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkServe measures a request through a real connection. The goal is
// that a load storm measures the gateway and not the simulation: above 5,000
// requests a second on one core, client included.
func BenchmarkServe(b *testing.B) {
	for _, bm := range []struct{ name, path, body string }{
		{"messages", "/v1/messages", `{"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}`},
		{"messages stream", "/v1/messages", `{"model":"claude-sonnet-4-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}`},
		{"chat stream", "/v1/chat/completions", `{"model":"gpt-5","stream":true,"messages":[{"role":"user","content":"hello"}]}`},
		{"messages of 90 kB", "/v1/messages", `{"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{"role":"user","content":"` + strings.Repeat("diff ", 18_000) + `"}]}`},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			srv := httptest.NewServer(New(Config{Organisations: Organisations(1, 1, Limits{})}))
			defer srv.Close()
			for b.Loop() {
				r, _ := http.NewRequest(http.MethodPost, srv.URL+bm.path, strings.NewReader(bm.body))
				r.Header.Set("Authorization", "Bearer sim-key-1")
				r.Header.Set("anthropic-version", "2023-06-01")
				resp, err := srv.Client().Do(r)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Fatalf("status %d", resp.StatusCode)
				}
			}
		})
	}
}
