package telemetry_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestOutcomesAndLevels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		status   int
		code     string
		attempts int
		want     telemetry.Outcome
		level    string
	}{
		{"success", 200, "", 1, telemetry.Answered, "INFO"},
		{"stream that broke off", 200, "upstream_truncated", 1, telemetry.Broken, "WARN"},
		{"client's fault", 400, "invalid_request", 0, telemetry.Rejected, "INFO"},
		{"stranger", 401, "invalid_api_key", 0, telemetry.Rejected, "INFO"},
		{"unknown model", 404, "model_not_found", 0, telemetry.Rejected, "INFO"},
		{"limited", 429, "pool_exhausted", 0, telemetry.Limited, "WARN"},
		{"limited after calls", 429, "pool_exhausted", 2, telemetry.Limited, "WARN"},
		{"no credit, which is no limit", 429, "insufficient_quota", 1, telemetry.GatewayFault, "ERROR"},
		{"client left", 499, "client_gone", 1, telemetry.Abandoned, "INFO"},
		{"client left a stream", 499, "client_gone", 1, telemetry.Abandoned, "INFO"},
		{"bug", 500, "internal_error", 0, telemetry.GatewayFault, "ERROR"},
		{"a 500 without a code", 500, "", 0, telemetry.GatewayFault, "ERROR"},
		{"bug in the midst of a stream", 200, "internal_error", 1, telemetry.GatewayFault, "ERROR"},
		{"our key refused", 502, "upstream_auth", 1, telemetry.GatewayFault, "ERROR"},
		{"no key may use the model", 403, "model_not_allowed", 1, telemetry.GatewayFault, "ERROR"},
		{"provider's fault", 502, "upstream_error", 1, telemetry.ProviderFault, "WARN"},
		{"time-out", 504, "timeout", 1, telemetry.ProviderFault, "WARN"},
		{"held back", 503, "server_is_overloaded", 0, telemetry.Shed, "WARN"},
		{"overloaded", 503, "server_is_overloaded", 1, telemetry.ProviderFault, "WARN"},
	}
	seen := map[telemetry.Outcome]bool{}
	for _, tt := range tests {
		seen[tt.want] = true
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := telemetry.Request{Status: tt.status, Code: tt.code, Attempts: make([]telemetry.Attempt, tt.attempts)}
			if got := r.Outcome(); got != tt.want {
				t.Errorf("outcome = %s, want %s", got, tt.want)
			}
			line := logged(t, r)
			if line["level"] != tt.level || line["outcome"] != string(tt.want) {
				t.Errorf("line = %v, want level %s and outcome %s", line, tt.level, tt.want)
			}
			if code, told := line["code"]; told != (tt.code != "") || told && code != tt.code {
				t.Errorf("code = %v, want %q", code, tt.code)
			}
		})
	}
	for _, o := range telemetry.Outcomes() {
		if !seen[o] {
			t.Errorf("no row ends as %s", o)
		}
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
		"level": "INFO", "msg": "request", "request_id": "req_1", "outcome": "answered",
		"client": "bot", "model": "review", "stream": true, "status": 200.0,
		"target": "claude/claude-sonnet-5", "key": "key-2", "group": "org-1",
		"attempts": 2.0, "failed_attempts": []any{"claude/claude-sonnet-5 key-1 rate_limit"},
		"wait_ms": 1500.0, "first_token_ms": 2000.0, "total_ms": 3000.0,
		"input_tokens": 1.0, "output_tokens": 4.0, "cache_read_tokens": 2.0, "cache_write_tokens": 3.0, "usage_exact": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line differs (-want +got):\n%s", diff)
	}
}

// TestSeldomFields stand in a line only if they say something.
func TestSeldomFields(t *testing.T) {
	t.Parallel()
	full := logged(t, telemetry.Request{
		API: "messages", Path: "GET /x", Route: "claude-*", Batch: true, Cost: 1500, Code: "x",
		Trace:    telemetry.Trace{ID: telemetry.TraceID{15: 1}},
		Attempts: []telemetry.Attempt{{Target: "p/m", Key: "k", Class: upstream.Overload}, {Target: "p/m", Key: "l", Class: upstream.Connect, Cause: "refused"}},
	})
	bare := logged(t, telemetry.Request{Attempts: []telemetry.Attempt{{Key: "k"}}})
	for name, want := range map[string]any{
		"api": "messages", "route": "claude-*", "batch": true, "cost_microusd": 1500.0, "code": "x",
		"trace_id": "00000000000000000000000000000001", "failed_attempts": []any{"p/m k overload", "p/m l connect (refused)"},
		"path": "GET /x",
	} {
		if diff := cmp.Diff(want, full[name]); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
		if v, told := bare[name]; told {
			t.Errorf("%s = %v stands in a line that has none", name, v)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, target, pool, model string }{
		{"plain", "claude/sonnet", "claude", "sonnet"},
		{"model with a slash", "together/meta/llama", "together", "meta/llama"},
		{"none", "", "none", "none"},
		{"no model", "claude/", "none", "none"},
		{"no pool", "/sonnet", "none", "none"},
		{"no slash", "claude", "none", "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if pool, model := telemetry.PoolOf(tt.target), telemetry.ModelOf(tt.target); pool != tt.pool || model != tt.model {
				t.Errorf("got %q, %q, want %q, %q", pool, model, tt.pool, tt.model)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var r telemetry.Request
	for _, c := range []upstream.Class{
		"", upstream.RateLimit, upstream.Ramp, upstream.Concurrency, upstream.FastLimit, // four limits
		upstream.Overload, upstream.Billing, upstream.SpendCap, upstream.Connect, telemetry.ClientGone,
	} {
		r.Attempts = append(r.Attempts, telemetry.Attempt{Class: c})
	}
	if got := r.Limits(); got != 4 {
		t.Errorf("Limits() = %d, want 4", got)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	const s = time.Second
	tests := []struct {
		name   string
		stream bool
		class  upstream.Class
		last   bool
		want   time.Duration
	}{
		{"whole answer", false, "", true, 2 * s},
		{"stream goes on to the end", true, "", true, 7 * s},
		{"refused stream", true, upstream.RateLimit, true, 2 * s},
		{"answered stream that another followed", true, "", false, 2 * s},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := telemetry.Request{Stream: tt.stream, Total: 10 * s,
				Attempts: []telemetry.Attempt{{Class: tt.class, Began: 3 * s, Took: 2 * s}}}
			if !tt.last {
				r.Attempts = append(r.Attempts, telemetry.Attempt{Class: upstream.Connect})
			}
			if got := r.Duration(0); got != tt.want {
				t.Errorf("Duration = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOverhead(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	one := []telemetry.Attempt{{Took: 300 * ms}}
	tests := []struct {
		name     string
		first    time.Duration
		attempts []telemetry.Attempt
		want     time.Duration
		known    bool
	}{
		{"first call", 406 * ms, one, 6 * ms, true},
		{"clocks that disagree", 390 * ms, one, 0, true},
		{"nothing came", 0, one, 0, false},
		{"no call", 406 * ms, nil, 0, false},
		{"two calls, with a pause between", 406 * ms, append(one, one...), 0, false},
		{"the only call failed", 406 * ms, []telemetry.Attempt{{Class: upstream.Connect}}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := telemetry.Request{FirstToken: tt.first, Waited: 100 * ms, Attempts: tt.attempts}
			if got, known := r.Overhead(); got != tt.want || known != tt.known {
				t.Errorf("Overhead = %s, %v, want %s, %v", got, known, tt.want, tt.known)
			}
		})
	}
}
