package gateway_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// provider errors as they look on the wire.
var (
	noCredit   = refuse(429, nil, `{"error":{"message":"no credit","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`)
	wrongKey   = refuse(401, nil, `{"error":{"message":"Incorrect API key provided: sk-abcdefghijklmnop","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`)
	noModel    = refuse(404, nil, `{"error":{"message":"no such model","type":"invalid_request_error","param":"model","code":"model_not_found"}}`)
	badRequest = refuse(400, nil, `{"error":{"message":"'temperature' is too hot","type":"invalid_request_error","param":"temperature","code":"too_hot"}}`)
	overloaded = refuse(503, nil, `{"error":{"message":"busy","type":"server_error","param":null,"code":"server_is_overloaded"}}`)
	broken     = refuse(500, nil, `{"error":{"message":"oops","type":"server_error","param":null,"code":null}}`)
	cut        = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
)

// TestFailover is the table of what happens after a refusal by every key of
// the first pool: how many calls are made there, and who answers in the end.
func TestFailover(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		refusal   http.HandlerFunc
		wantCalls int // to the first pool, which has two keys
		wantNext  bool
		status    int // without a second pool
		code      string
		noRetry   bool
	}{
		{"limited: the other key at once", limited(30), 2, true, 429, "pool_exhausted", false},
		{"limited for long: SDKs must not wait", limited(90), 2, true, 429, "pool_exhausted", true},
		{"no credit", noCredit, 2, true, 429, "insufficient_quota", true},
		{"wrong key: not the client's fault", wrongKey, 2, true, 502, "upstream_auth", true},
		{"model unknown there", noModel, 1, true, 404, "model_not_found", true},
		{"the client's fault is nobody else's", badRequest, 1, false, 400, "too_hot", true},
		{"overload: back off, no key is blamed", overloaded, 7, true, 503, "server_is_overloaded", false},
		{"provider's fault", broken, 7, true, 502, "upstream_error", false},
		{"connection cut before headers", cut, 7, true, 502, "upstream_unreachable", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			main := newProvider(t)
			main.on("main_k1", tt.refusal)
			main.on("main_k2", tt.refusal)

			alone := newBench(t, main, options{}).post(t, hello)
			if alone.StatusCode != tt.status || alone.code(t) != tt.code {
				t.Errorf("alone: %d %s, want %d %s", alone.StatusCode, alone.body, tt.status, tt.code)
			}
			if got := alone.Header.Get("X-Should-Retry") == "false"; got != tt.noRetry {
				t.Errorf("x-should-retry: false sent = %v, want %v", got, tt.noRetry)
			}
			if got := main.total(); got != tt.wantCalls {
				t.Errorf("calls = %d, want %d", got, tt.wantCalls)
			}
			for _, secret := range []string{"sk-abc", "main_k1", "main_k2"} {
				if strings.Contains(alone.body, secret) {
					t.Errorf("the answer leaks %q: %s", secret, alone.body)
				}
			}

			backup := newProvider(t)
			chained := newBench(t, main, options{backup: backup}).post(t, hello)
			if got := backup.total() == 1; got != tt.wantNext {
				t.Errorf("next target used = %v, want %v (%d %s)", got, tt.wantNext, chained.StatusCode, chained.body)
			}
			if tt.wantNext && (chained.StatusCode != 200 || chained.Header.Get("X-Fallow-Target") != "backup/other") {
				t.Errorf("chain: %d from %q, want 200 from backup/other", chained.StatusCode, chained.Header.Get("X-Fallow-Target"))
			}
		})
	}
}

func TestLimitedKeyIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", limited(60))
	b := newBench(t, u, options{})
	for i := range 20 {
		body := strings.Replace(hello, "hello", "hello "+strconv.Itoa(i), 1) // conversations prefer either key
		if got := b.post(t, body); got.StatusCode != 200 || got.Header.Get("X-Fallow-Key") != "k2" {
			t.Fatalf("request %d: %d by %q, want 200 by k2", i, got.StatusCode, got.Header.Get("X-Fallow-Key"))
		}
	}
	if got := u.seen()["main_k1"]; got != 1 {
		t.Errorf("calls on the limited key = %d, want 1", got)
	}
}

func TestExhaustedPoolSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", limited(40))
	u.on("main_k2", limited(20))
	b := newBench(t, u, options{})
	for range 2 { // the second one is answered without a call
		got := b.post(t, hello)
		seconds, _ := strconv.Atoi(got.Header.Get("Retry-After"))
		if got.StatusCode != 429 || seconds < 19 || seconds > 22 {
			t.Errorf("%d, retry-after %d; want 429 and the earliest key's 20 s", got.StatusCode, seconds)
		}
	}
	if got := u.total(); got != 2 {
		t.Errorf("calls = %d, want 2: resting keys must not be tried", got)
	}
}

func TestRotatedKeyIsReadAgain(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", wrongKey)
	b := newBench(t, u, options{keys: []string{"k1"}})
	b.secrets.renewed["main_k1"] = "fresh"
	for range 3 {
		if got := b.post(t, hello); got.StatusCode != 200 {
			t.Fatalf("%d %s, want 200 with the fresh key", got.StatusCode, got.body)
		}
	}
	if seen := u.seen(); seen["main_k1"] != 1 || seen["fresh"] != 3 || b.secrets.renews != 1 {
		t.Errorf("calls %v, renews %d; want one with the old key and one renewal", seen, b.secrets.renews)
	}
}

func TestUnreadableSecretMovesToAnotherKey(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	b := newBench(t, u, options{})
	delete(b.secrets.values, "main_k1")
	for i := range 8 {
		if got := b.post(t, strings.Replace(hello, "hello", strconv.Itoa(i), 1)); got.StatusCode != 200 {
			t.Fatalf("%d %s, want 200 by the readable key", got.StatusCode, got.body)
		}
	}
	delete(b.secrets.values, "main_k2")
	if got := b.post(t, hello); got.StatusCode != 503 || got.code(t) != "key_unreadable" {
		t.Errorf("no secret at all: %d %s, want 503 key_unreadable", got.StatusCode, got.body)
	}
}

func TestEveryAttemptIsReported(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", limited(9))
	u.on("main_k2", limited(9))
	b := newBench(t, u, options{backup: newProvider(t)})
	b.post(t, hello)
	e := b.last(t)
	if len(e.Attempts) != 3 || e.Attempts[0].Class != upstream.RateLimit || e.Attempts[2].Class != "" {
		t.Fatalf("attempts = %+v, want two rate limits and one answer", e.Attempts)
	}
	if e.Target != "backup/other" || e.Status != 200 || e.Usage.InputTokens != 7 || e.Usage.OutputTokens != 3 {
		t.Errorf("event = %+v", e)
	}
}
