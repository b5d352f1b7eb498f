package messages

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// TestErrors covers case 134.
func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		status     int
		kind       string
		wantStatus int
		wantType   string
	}{
		{"a fault of the client", 400, "invalid_request_error", 400, "invalid_request_error"},
		{"a context too long", 400, "context_length_exceeded", 400, "invalid_request_error"},
		{"a wrong token", 401, "invalid_api_key", 401, "authentication_error"},
		{"no credit", 429, "insufficient_quota", 402, "billing_error"},
		{"a model not allowed", 403, "model_not_allowed", 403, "permission_error"},
		{"an unknown model", 404, "model_not_found", 404, "not_found_error"},
		{"a wrong method", 405, "", 405, "invalid_request_error"},
		{"a body too large", 413, "request_too_large", 413, "request_too_large"},
		{"a pool that rests", 429, "pool_exhausted", 429, "rate_limit_error"},
		{"a fault of ours", 500, "internal_error", 500, "api_error"},
		{"a bad key of ours", 502, "upstream_auth", 502, "api_error"},
		{"an overloaded provider", 503, "server_is_overloaded", 529, "overloaded_error"},
		{"the same by its type", 503, "service_unavailable_error", 529, "overloaded_error"},
		{"a secret not readable", 503, "key_unreadable", 503, "api_error"},
		{"a provider too slow", 504, "timeout", 504, "timeout_error"},
		{"in a stream, without status", 0, "upstream_truncated", 0, "api_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ErrorStatus(tt.status, tt.kind); got != tt.wantStatus {
				t.Errorf("got status %d, want %d", got, tt.wantStatus)
			}
			var got struct {
				Type  string
				Error struct{ Type, Message string }
				ID    string `json:"request_id"`
			}
			event := ErrorEvent(tt.status, tt.kind, "Say \"why\".\n", "req-1")
			if err := json.Unmarshal(event.Data, &got); err != nil {
				t.Fatal(err)
			}
			if event.Event != "error" || event.Content || got.Type != "error" || got.Error.Type != tt.wantType || got.ID != "req-1" {
				t.Errorf("got %s %s, want type %s", event.Event, event.Data, tt.wantType)
			}
			if !strings.HasSuffix(got.Error.Message, "Say \"why\".\n") {
				t.Errorf("got message %q", got.Error.Message)
			}
		})
	}
}

// TestOverflowWording: Claude Code compacts on Anthropic's words.
func TestOverflowWording(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"Your input exceeds the context window.":         `"prompt is too long: Your input exceeds the context window."`,
		"prompt is too long: 209 tokens > 200 maximum":   `"prompt is too long: 209 tokens > 200 maximum"`,
		"input: Prompt is too long for the vLLM backend": `"input: Prompt is too long for the vLLM backend"`,
	} {
		if got := string(ErrorBody(400, "context_length_exceeded", message, "")); !strings.Contains(got, `"message":`) || !strings.Contains(strings.ReplaceAll(got, `\u003e`, ">"), want) {
			t.Errorf("got %s, want the message %s", got, want)
		}
	}
}

func TestCountTokens(t *testing.T) {
	t.Parallel()
	count := func(body string) (n int64) {
		var got struct {
			Tokens *int64 `json:"input_tokens"`
		}
		if err := json.Unmarshal(CountTokens(parse(t, body), new(estimate.Ratios), "m", estimate.Anthropic("claude-sonnet-5")), &got); err != nil || got.Tokens == nil {
			t.Fatalf("no count: %v", err)
		}
		return *got.Tokens
	}
	const short = `{"model":"m","messages":[{"role":"user","content":"Hello, Claude"}]}`
	if got := count(short); got < 5 || got > 15 {
		t.Errorf("got %d tokens for a greeting, want some ten", got)
	}
	long := strings.Replace(short, "Hello", strings.Repeat("a word ", 1000), 1)
	if got := count(long); got < 1500 || got > 2500 {
		t.Errorf("got %d tokens for 7 KB of text, want some 2,000", got)
	}
}
