package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

// TestWhoIsOnThisMachine: with no admin token, and with clients.auth none, it
// matters who sends a request from here. A web page does it in the name of
// whoever has it open.
func TestWhoIsOnThisMachine(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{})
	tests := []struct {
		name         string
		remote, host string
		header       http.Header
		admin, chat  int
	}{
		{"a program", "127.0.0.1:5000", "127.0.0.1:8080", nil, 200, 200},
		{"a program, by name", "127.0.0.1:5000", "localhost:8080", nil, 200, 200},
		{"a program, without a port", "127.0.0.1:5000", "LOCALHOST", nil, 200, 200},
		{"IPv6", "[::1]:5000", "[::1]:8080", nil, 200, 200},
		{"IPv6 without a port", "[::1]:5000", "[::1]", nil, 200, 200},
		{"IPv4 in IPv6", "[::ffff:127.0.0.1]:5000", "127.0.0.2:8080", nil, 200, 200},
		{"another machine", "203.0.113.9:5000", "localhost:8080", nil, 403, 200}, // CheckListen sees to chat
		{"a remote address without a port", "127.0.0.1", "localhost:8080", nil, 403, 200},
		{"no remote address", "", "localhost:8080", nil, 403, 200},
		{"a host that only begins so", "127.0.0.1:5000", "localhost.example:8080", nil, 403, 200},
		{"behind a proxy", "127.0.0.1:5000", "localhost:8080", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, 403, 200},
		{"typed into a browser", "127.0.0.1:5000", "localhost:8080", http.Header{"Sec-Fetch-Site": {"none"}}, 200, 200},
		{"a page of another site", "127.0.0.1:5000", "localhost:8080", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403, 403},
		{"a page of another port here", "127.0.0.1:5000", "localhost:8080", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403, 403},
		{"a page, in an older browser", "127.0.0.1:5000", "localhost:8080", http.Header{"Origin": {"https://evil.example"}}, 403, 403},
		{"a sandboxed page", "127.0.0.1:5000", "localhost:8080", http.Header{"Origin": {"null"}}, 403, 403},
		{"a page whose name points here", "127.0.0.1:5000", "evil.example:8080", http.Header{"Origin": {"http://evil.example:8080"}, "Sec-Fetch-Site": {"same-origin"}}, 403, 403},
		{"an origin that is none", "127.0.0.1:5000", "localhost:8080", http.Header{"Origin": {"http://%zz"}}, 403, 403},
		{"our own page", "127.0.0.1:5000", "localhost:8080", http.Header{"Origin": {"http://localhost:8080"}, "Sec-Fetch-Site": {"same-origin"}}, 200, 200},
		{"a desktop program", "127.0.0.1:5000", "localhost:8080", http.Header{"Origin": {"app://notes"}}, 200, 200},
	}
	send := func(method, path, body, remote, host string, header http.Header) int {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.RemoteAddr, r.Host = remote, host
		for name, values := range header {
			r.Header[name] = values
		}
		w := httptest.NewRecorder()
		b.gateway.ServeHTTP(w, r)
		return w.Code
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := send("POST", "/admin/v1/pools/main/groups/k1/clear", "", tt.remote, tt.host, tt.header); got != tt.admin {
				t.Errorf("admin: %d, want %d", got, tt.admin)
			}
			if got := send("POST", "/v1/chat/completions", hello, tt.remote, tt.host, tt.header); got != tt.chat {
				t.Errorf("chat: %d, want %d", got, tt.chat)
			}
		})
	}
}

// TestPagesOfAnOpenGateway: allow_anonymous serves under any name, but not the
// pages of others.
func TestPagesOfAnOpenGateway(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{doc: func(d *config.Config) { d.Clients.AllowAnonymous = true }})
	for origin, want := range map[string]int{"http://llm.example": 200, "http://other.example": 403} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "http://llm.example/v1/chat/completions", strings.NewReader(hello))
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		if b.gateway.ServeHTTP(w, r); w.Code != want {
			t.Errorf("from %s: %d, want %d", origin, w.Code, want)
		}
	}
}
