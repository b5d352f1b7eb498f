package app

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
)

func TestUnquote(t *testing.T) {
	t.Parallel()
	const signed = "AWS4-HMAC-SHA256 Credential=AKIAPLANTED000000001/20261122/eu-central-1/bedrock/aws4_request, SignedHeaders=host, Signature=0123456789abcdef"
	tests := []struct {
		name       string
		sent       http.Header
		text, want string
	}{
		{"bearer", http.Header{"Authorization": {"Bearer planted-key"}}, `{"message":"bad key planted-key, planted-key"}`, `{"message":"bad key [redacted], [redacted]"}`},
		{"without a scheme", http.Header{"Authorization": {"planted-key"}}, "no key", "no key"},
		{"Azure", http.Header{"Api-Key": {"planted0key"}}, "key planted0key", "key [redacted]"},
		{"Anthropic", http.Header{"X-Api-Key": {"planted-key"}}, "key planted-key", "key [redacted]"},
		{"Google", http.Header{"X-Goog-Api-Key": {"planted-key"}}, "key planted-key", "key [redacted]"},
		{"signature", http.Header{"Authorization": {signed}, "X-Amz-Security-Token": {"plan/ted+token=="}},
			`x-amz-security-token:plan/ted+token==\n or plan\/ted+token==, ` + signed,
			`x-amz-security-token:[redacted]\n or [redacted], AWS4-HMAC-SHA256 Credential=[redacted]/20261122/eu-central-1/bedrock/aws4_request, SignedHeaders=host, Signature=[redacted]`},
		{"a word of the refusal", http.Header{"X-Api-Key": {"key"}}, "no such key", "no such key"},
		{"nothing sent", http.Header{}, "no such key", "no such key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, string(unquote([]byte(tt.text), tt.sent))); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

// TestClientUnquotes: refusals come without the credential and with their right
// length, cut at the bound; answers and failures come as they are.
func TestClientUnquotes(t *testing.T) {
	t.Parallel()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/refused":
			w.WriteHeader(401)
		case "/endless":
			w.WriteHeader(500)
			_, _ = io.WriteString(w, strings.Repeat("x", maxRefusal))
		case "/cut":
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "key "+r.Header.Get("X-Api-Key"))
	}))
	t.Cleanup(provider.Close)
	c := client(config.Timeouts{})
	t.Cleanup(c.CloseIdleConnections)
	for _, tt := range []struct{ method, path, want string }{
		{"POST", "/refused", "key [redacted]"},
		{"POST", "/answered", "key planted-key"},
		{"POST", "/endless", strings.Repeat("x", maxRefusal)},
		{"HEAD", "/refused", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, provider.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", "planted-key")
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != tt.want || tt.method == "POST" && resp.ContentLength >= 0 && resp.ContentLength != int64(len(body)) {
			t.Errorf("%s %s: got %d bytes, %.40q, length %d, %v; want %.40q", tt.method, tt.path, len(body), body, resp.ContentLength, err, tt.want)
		}
	}
	if _, err := c.Get(provider.URL + "/cut"); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the connection's end", err)
	}
}
