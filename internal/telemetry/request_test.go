package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// logged returns the one line that a request leaves.
func logged(t *testing.T, r telemetry.Request) map[string]any {
	t.Helper()
	var out bytes.Buffer
	telemetry.Log(slog.New(slog.NewJSONHandler(&out, nil)))(t.Context(), r)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON line: %v: %s", err, out.Bytes())
	}
	delete(line, "time")
	return line
}

func TestLevels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		code   string
		want   string
	}{
		{"success", 200, "", "INFO"},
		{"stream that broke off", 200, "upstream_truncated", "WARN"},
		{"client's fault", 400, "invalid_request", "INFO"},
		{"stranger", 401, "invalid_api_key", "INFO"},
		{"limited", 429, "pool_exhausted", "WARN"},
		{"client left", 499, "client_gone", "INFO"},
		{"bug", 500, "internal_error", "WARN"},
		{"provider's fault", 502, "upstream_error", "WARN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			line := logged(t, telemetry.Request{Status: tt.status, Code: tt.code})
			if line["level"] != tt.want {
				t.Errorf("level = %v, want %s", line["level"], tt.want)
			}
			if code, told := line["code"]; told != (tt.code != "") || told && code != tt.code {
				t.Errorf("code = %v, want %q", code, tt.code)
			}
		})
	}
}

// TestLine is the line that dashboards and people search: its names are fixed.
func TestLine(t *testing.T) {
	t.Parallel()
	got := logged(t, telemetry.Request{
		ID: "req_1", Client: "bot", Model: "review", Stream: true, Status: 200,
		Target: "claude/claude-sonnet-5", Key: "key-2", Group: "org-1",
		Attempts: []telemetry.Attempt{
			{Target: "claude/claude-sonnet-5", Key: "key-1", Class: upstream.RateLimit, Took: time.Second},
			{Target: "claude/claude-sonnet-5", Key: "key-2", Took: time.Second},
		},
		Waited: 1500 * time.Millisecond, FirstToken: 2 * time.Second, Total: 3 * time.Second,
		Usage: upstream.Usage{InputTokens: 1, CacheReadTokens: 2, CacheWriteTokens: 3, OutputTokens: 4, ReasoningTokens: 1, Exact: true},
	})
	want := map[string]any{
		"level": "INFO", "msg": "request", "request_id": "req_1", "client": "bot", "model": "review", "stream": true, "status": 200.0,
		"target": "claude/claude-sonnet-5", "key": "key-2", "group": "org-1",
		"attempts": 2.0, "failed_attempts": []any{"claude/claude-sonnet-5 key-1 rate_limit"},
		"wait_ms": 1500.0, "first_token_ms": 2000.0, "total_ms": 3000.0,
		"input_tokens": 1.0, "output_tokens": 4.0, "cache_read_tokens": 2.0, "cache_write_tokens": 3.0, "usage_exact": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line differs (-want +got):\n%s", diff)
	}
	if _, told := logged(t, telemetry.Request{Attempts: []telemetry.Attempt{{Key: "k"}}})["failed_attempts"]; told {
		t.Error("failed_attempts stands in a line of a request without any")
	}
}
