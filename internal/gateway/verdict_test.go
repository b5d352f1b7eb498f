package gateway

import (
	"errors"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestWorse is which of two targets' failures the client is told of.
func TestWorse(t *testing.T) {
	t.Parallel()
	var (
		param     = &chat.ParamError{Param: "n", Message: "must be 1"}
		other     = &chat.ParamError{Param: "audio", Message: "leave it out"}
		soon      = &pool.ExhaustedError{RetryAfter: 5 * time.Second, Class: upstream.RateLimit}
		later     = &pool.ExhaustedError{RetryAfter: 40 * time.Second, Class: upstream.RateLimit}
		muchLater = &pool.ExhaustedError{RetryAfter: time.Hour, Class: upstream.RateLimit}
		noCredit  = &pool.ExhaustedError{RetryAfter: time.Second, Class: upstream.Billing}
		broken    = &upstream.Fault{Class: upstream.Provider}
		slow      = &upstream.Fault{Class: upstream.Timeout}
		noModel   = &upstream.Fault{Class: upstream.UnknownModel}
		unread    = &secretError{"k", errors.New("no answer")}
	)
	tests := []struct {
		name          string
		first, second error
		want          error
	}{
		{"one failure only", nil, param, param},
		{"soonest first", later, soon, soon},
		{"soonest first, in any order", soon, later, soon},
		{"a time to come back before none", broken, later, later},
		{"hope before none", muchLater, broken, broken},
		{"hope before none, in any order", broken, muchLater, broken},
		{"the provider's trouble may pass, a parameter stays", param, broken, broken},
		{"trouble first", broken, param, broken},
		{"room later before what never works", noModel, soon, soon},
		{"no credit is not cured by waiting", noCredit, later, later},
		{"alike: the target that the operator prefers", broken, slow, broken},
		{"hopeless alike: the earlier", param, other, param},
		{"hopeless alike, whatever they say", noCredit, noModel, noCredit},
		{"secrets come back", noModel, unread, unread},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := worse(tt.first, tt.second); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestEveryClassIsAnswered: whatever a provider's refusal means, the client is
// told, in full, and at most once to come back without a time.
func TestEveryClassIsAnswered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		class  upstream.Class
		status int
		kind   string
		code   string
		retry  bool // by the SDK itself
	}{
		{upstream.RateLimit, 429, "rate_limit_error", "pool_exhausted", true},
		{upstream.Ramp, 429, "rate_limit_error", "pool_exhausted", true},
		{upstream.Concurrency, 429, "rate_limit_error", "pool_exhausted", true},
		{upstream.FastLimit, 429, "rate_limit_error", "pool_exhausted", true},
		{upstream.SpendCap, 429, "insufficient_quota", "insufficient_quota", false},
		{upstream.Billing, 429, "insufficient_quota", "insufficient_quota", false},
		{upstream.Hold, 502, "api_error", "upstream_hold", false},
		{upstream.Auth, 502, "api_error", "upstream_auth", false},
		{upstream.Permission, 403, "invalid_request_error", "model_not_allowed", false},
		{upstream.Encryption, 503, "api_error", "upstream_encryption", true},
		{upstream.UnknownModel, 404, "invalid_request_error", "model_not_found", false},
		{upstream.Context, 400, "invalid_request_error", "context_length_exceeded", false},
		{upstream.TooLarge, 413, "invalid_request_error", "request_too_large", false},
		{upstream.Client, 400, "invalid_request_error", "invalid_request", false},
		{upstream.Provider, 502, "api_error", "upstream_error", true},
		{upstream.Timeout, 504, "api_error", "timeout", true},
		{upstream.Overload, 503, "service_unavailable_error", "server_is_overloaded", true},
		{upstream.Connect, 502, "api_error", "upstream_unreachable", true},
		{upstream.Truncated, 502, "api_error", "upstream_truncated", true},
	}
	for _, tt := range tests {
		t.Run(string(tt.class), func(t *testing.T) {
			t.Parallel()
			e := errorFor(&upstream.Fault{Class: tt.class, Message: "provider's text"})
			if e.status != tt.status || e.kind != tt.kind || e.code != tt.code || e.hopeless() == tt.retry {
				t.Errorf("got %d %s %s hopeless %v, want %d %s %s %v", e.status, e.kind, e.code, e.hopeless(), tt.status, tt.kind, tt.code, !tt.retry)
			}
			if e.message == "" {
				t.Error("no message")
			}
			if again, ok := exhaustedFor[tt.class]; ok { // when the whole pool rests for it
				if got := errorFor(&pool.ExhaustedError{Class: tt.class, RetryAfter: time.Hour}); got.code != again.code || got.retryAfter != 0 {
					t.Errorf("a pool that rests for it: %+v", got)
				}
			}
		})
	}
	if e := errorFor(errors.New("something with a secret in it")); e.status != 500 || e.message != internalError().message {
		t.Errorf("unknown error: %+v, want the internal one and none of its text", e)
	}
}

func TestClientStatus(t *testing.T) {
	t.Parallel()
	// Those that speak of the gateway's own key would send clients to renew theirs.
	for status, want := range map[int]int{0: 400, 200: 400, 400: 400, 401: 400, 403: 400, 409: 409, 422: 422, 429: 400, 500: 400} {
		if got := clientStatus(status); got != want {
			t.Errorf("clientStatus(%d) = %d, want %d", status, got, want)
		}
	}
}
