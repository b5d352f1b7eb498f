package gateway

import (
	"net/http"
	"testing"
)

func TestBehind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, path, want string }{
		{"https://api.openai.com/v1", "/v1/files/a", "/files/a"},
		{"https://api.openai.com/v1", "/files/a", "/files/a"},
		{"https://api.openai.com/v1", "/v1beta/files", "/v1beta/files"},
		{"https://api.anthropic.com", "/v1/messages", "/v1/messages"},
		{"https://host/openai/v1", "/v1/models", "/models"},
	} {
		if got := behind(tt.base, tt.path); got != tt.want {
			t.Errorf("behind %s %s: got %s, want %s", tt.base, tt.path, got, tt.want)
		}
	}
}

func TestClientRetry(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "2": 2, "-1": 0, "two": 0} {
		if got := clientRetry(&http.Request{Header: http.Header{"X-Stainless-Retry-Count": {text}}}); got != want {
			t.Errorf("clientRetry(%q) = %d, want %d", text, got, want)
		}
	}
}
