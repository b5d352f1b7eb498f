package anthropic

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/google/go-cmp/cmp"
)

func errorBody(kind, code, message string) string {
	details := ""
	if code != "" {
		details = `,"details":{"error_code":"` + code + `"}`
	}
	return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"` + details + `},"request_id":"req_1"}`
}

func date(y int, m time.Month, d, hour int) time.Time {
	return time.Date(y, m, d, hour, 0, 0, 0, time.UTC)
}

// TestClassify has a row for each kind of error that Anthropic is known to
// send, and then the ones that are malformed or new.
func TestClassify(t *testing.T) {
	t.Parallel()
	const uuid = "11111111-2222-3333-4444-555555555555"
	wait := http.Header{"Retry-After": {"17"}}
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		want   upstream.Class
		retry  time.Duration
		until  time.Time
	}{
		{name: "rate limit", status: 429, header: wait, want: upstream.RateLimit, retry: 17 * time.Second,
			body: errorBody("rate_limit_error", "", "This request would exceed the rate limit of your organization ("+uuid+") of 50 requests per minute.")},
		{name: "ramp", status: 429, header: wait, want: upstream.Ramp, retry: 17 * time.Second,
			body: errorBody("rate_limit_error", "ramp_limit_exceeded", "usage increased too quickly")},
		{name: "concurrency", status: 429, want: upstream.Concurrency,
			body: errorBody("rate_limit_error", "", "Number of concurrent connections has exceeded your rate limit.")},
		{name: "tier spend cap", status: 429, header: http.Header{"X-Should-Retry": {"false"}}, want: upstream.SpendCap, until: date(2026, 12, 1, 0),
			body: errorBody("rate_limit_error", "enforced_spend_limit_reached", "monthly limit")},
		{name: "contract spend cap", status: 429, want: upstream.SpendCap,
			body: errorBody("rate_limit_error", "contract_spend_limit_reached", "contract limit")},
		{name: "workspace limit", status: 429, header: wait, want: upstream.RateLimit, retry: 17 * time.Second,
			body: errorBody("rate_limit_error", "", "This request would exceed your workspace's rate limit.")},
		{name: "fast mode", status: 429, header: http.Header{"Anthropic-Fast-Input-Tokens-Remaining": {"0"}, "Retry-After": {"3"}}, want: upstream.FastLimit, retry: 3 * time.Second,
			body: errorBody("rate_limit_error", "", "fast mode")},
		{name: "own spend limit is a 400", status: 400, want: upstream.SpendCap, until: date(2026, 12, 1, 0),
			body: errorBody("invalid_request_error", "", "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.")},
		{name: "own workspace spend limit", status: 400, want: upstream.SpendCap, until: date(2026, 11, 23, 8),
			body: errorBody("invalid_request_error", "", "You have reached your specified workspace API usage limits until 2026-11-23T08:00:00Z.")},
		{name: "own spend limit without date", status: 400, want: upstream.SpendCap,
			body: errorBody("invalid_request_error", "", "You have reached your specified API usage limits.")},
		{name: "no credit is a 400", status: 400, want: upstream.Billing,
			body: errorBody("invalid_request_error", "", "Your credit balance is too low to access the Anthropic API.")},
		{name: "billing", status: 402, want: upstream.Billing, body: errorBody("billing_error", "", "payment failed")},
		{name: "linked organization", status: 402, want: upstream.Billing, body: errorBody("billing_error", "linked_organization_suspended", "x")},
		{name: "user profile", status: 403, want: upstream.Billing, body: errorBody("permission_error", "user_profile_missing", "x")},
		{name: "hold is a 400", status: 400, want: upstream.Hold, body: errorBody("invalid_request_error", "organization_on_hold", "x")},
		{name: "bad key", status: 401, want: upstream.Auth, body: errorBody("authentication_error", "", "invalid x-api-key")},
		{name: "not allowed", status: 403, want: upstream.Permission, body: errorBody("permission_error", "", "x")},
		{name: "unknown model", status: 404, want: upstream.UnknownModel, body: errorBody("not_found_error", "", "model: claude-9")},
		{name: "client fault", status: 400, want: upstream.Client, body: errorBody("invalid_request_error", "", "messages: at least one message is required")},
		{name: "client fault of a new kind", status: 422, want: upstream.Client, body: errorBody("unprocessable_error", "", "x")},
		{name: "prompt too long", status: 400, want: upstream.Context, body: errorBody("invalid_request_error", "", "prompt is too long: 250000 tokens > 200000 maximum")},
		{name: "prompt and max_tokens too long", status: 400, want: upstream.Context, body: errorBody("invalid_request_error", "", "input length and `max_tokens` exceed context limit: 1 + 2 > 2")},
		{name: "413 from the proxy, as HTML", status: 413, want: upstream.TooLarge, body: "<html><head><title>413 Request Entity Too Large</title></head></html>"},
		{name: "413 as JSON", status: 413, want: upstream.TooLarge, body: errorBody("request_too_large", "", "x")},
		{name: "conflict", status: 409, want: upstream.Client, body: errorBody("conflict_error", "", "x")},
		{name: "provider fault", status: 500, want: upstream.Provider, body: errorBody("api_error", "", "Internal server error")},
		{name: "key of the workspace unreachable", status: 503, want: upstream.Encryption, body: errorBody("api_error", "cmek_key_unreachable", "x")},
		{name: "key of the workspace disabled", status: 400, want: upstream.Encryption, body: errorBody("invalid_request_error", "cmek_key_disabled", "x")},
		{name: "old client", status: 400, want: upstream.Client, body: errorBody("invalid_request_error", "claude_code_version_too_old", "x")},
		{name: "creator of the key left", status: 400, want: upstream.Auth, body: errorBody("invalid_request_error", "claude_code_key_creator_not_member", "x")},
		{name: "timeout", status: 504, want: upstream.Timeout, body: errorBody("timeout_error", "", "x")},
		{name: "overloaded", status: 529, header: http.Header{"X-Should-Retry": {"true"}}, want: upstream.Overload, body: errorBody("overloaded_error", "", "Overloaded")},
		{name: "compaction unavailable", status: 529, want: upstream.Overload, body: errorBody("overloaded_error", "compaction_unavailable", "x")},

		{name: "empty 401", status: 401, want: upstream.Auth},
		{name: "empty 402", status: 402, want: upstream.Billing},
		{name: "empty 404", status: 404, want: upstream.UnknownModel},
		{name: "empty 408", status: 408, want: upstream.Timeout},
		{name: "empty 429", status: 429, want: upstream.RateLimit},
		{name: "empty 503", status: 503, want: upstream.Overload},
		{name: "empty 524", status: 524, want: upstream.Timeout},
		{name: "empty 529", status: 529, want: upstream.Overload},
		{name: "502 page of a proxy", status: 502, want: upstream.Provider, body: "<html>bad gateway</html>"},
		{name: "403 page of a proxy is not about the key", status: 403, want: upstream.Provider, body: "<html>blocked</html>"},
		{name: "403 of a new kind", status: 403, want: upstream.Permission, body: errorBody("forbidden", "", "Request not allowed")},
		{name: "new kind", status: 429, want: upstream.RateLimit, body: errorBody("quota_error", "brand_new", "x")},
		{name: "truncated body", status: 529, want: upstream.Overload, body: `{"type":"error","error":{"type":"overloaded_er`},
		{name: "values of other types", status: 400, want: upstream.Client, body: `{"error":{"type":7,"message":{},"details":[]}}`},
		{name: "redirect", status: 302, want: upstream.Provider},
		{name: "retry-after beyond reason", status: 429, header: http.Header{"Retry-After": {"999999999"}}, want: upstream.RateLimit, retry: 24 * time.Hour},
		{name: "spend cap that names a date", status: 429, want: upstream.SpendCap, until: date(2026, 11, 30, 0),
			body: errorBody("rate_limit_error", "enforced_spend_limit_reached", "access resumes 2026-11-30")},
		{name: "date in the past", status: 429, want: upstream.SpendCap, until: date(2026, 12, 1, 0),
			body: errorBody("rate_limit_error", "enforced_spend_limit_reached", "since 2026-11-02")},
		{name: "date far away", status: 400, want: upstream.SpendCap,
			body: errorBody("invalid_request_error", "", "reached your specified API usage limits until 9999-12-01")},
		{name: "date that is none", status: 400, want: upstream.SpendCap,
			body: errorBody("invalid_request_error", "", "reached your specified API usage limits until 2026-13-45")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := newTestDialect().Classify(tt.status, tt.header, []byte(tt.body), noon)
			if got.Class != tt.want {
				t.Errorf("got class %q, want %q", got.Class, tt.want)
			}
			if got.Status != tt.status || got.RetryAfter != tt.retry || !got.Until.Equal(tt.until) {
				t.Errorf("got status %d, retry after %v, until %v; want %d, %v, %v",
					got.Status, got.RetryAfter, got.Until, tt.status, tt.retry, tt.until)
			}
			if got.Message == "" || strings.Contains(got.Message, uuid) || strings.Contains(got.Message, "<html>") {
				t.Errorf("message %q is empty or not fit for a client", got.Message)
			}
		})
	}
}

func TestClassifyKeepsTheProvidersWords(t *testing.T) {
	t.Parallel()
	got := newTestDialect().Classify(429, nil, []byte(errorBody("rate_limit_error", "ramp_limit_exceeded", "slow down")), noon)
	want := &upstream.Fault{Class: upstream.Ramp, Status: 429, Type: "rate_limit_error", Code: "ramp_limit_exceeded", Message: "slow down"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fault differs (-want +got):\n%s", diff)
	}
}

// A retry-after on success means nothing: it has been recorded on ordinary
// answers, and on a stream the status is 200 when an error follows.
func TestClassifyIgnoresRetryAfterOfSuccess(t *testing.T) {
	t.Parallel()
	h := http.Header{"Retry-After": {"61"}}
	for _, status := range []int{0, 200} {
		if got := newTestDialect().Classify(status, h, []byte(errorBody("overloaded_error", "", "x")), noon); got.RetryAfter != 0 || got.Class != upstream.Overload {
			t.Errorf("status %d: got retry after %v and class %q, want 0 and overload", status, got.RetryAfter, got.Class)
		}
	}
}

func TestNextMonth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		now, want time.Time
	}{
		{"within a month", noon, date(2026, 12, 1, 0)},
		{"over the year", date(2026, 12, 31, 23), date(2027, 1, 1, 0)},
		{"another zone is already in the next month", time.Date(2026, 12, 1, 3, 0, 0, 0, time.FixedZone("", 5*3600)), date(2026, 12, 1, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := nextMonth(tt.now); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
