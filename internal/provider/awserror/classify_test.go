package awserror_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider/awserror"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		status  int
		kind    string // x-amzn-errortype
		message string
		want    upstream.Class
	}{
		{"tokens per minute", 429, "ThrottlingException", "Too many tokens, please wait before trying again.", upstream.RateLimit},
		{"tokens per day", 429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", upstream.RateLimit},
		{"requests", 429, "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/", "Too many requests", upstream.RateLimit},
		{"connections", 429, "ThrottlingException", "Too many connections, please wait before trying again.", upstream.Concurrency},
		{"quota as a 400", 400, "ServiceQuotaExceededException", "", upstream.RateLimit},
		{"a 429 that is no rate limit", 429, "ModelNotReadyException", "The model is not ready", upstream.Overload},
		{"no capacity", 503, "ServiceUnavailableException", "Too many connections, please wait before trying again.", upstream.Overload},
		{"internal", 500, "InternalServerException", "", upstream.Provider},
		{"model failed", 424, "ModelErrorException", "", upstream.Provider},
		{"model failed in the stream", 424, "ModelStreamErrorException", "", upstream.Provider},
		{"model too slow", 408, "ModelTimeoutException", "", upstream.Timeout},
		{"bad request", 400, "ValidationException", "messages: Extra inputs are not permitted", upstream.Client},
		{"too long", 400, "ValidationException", "Input is too long for requested model.", upstream.Context},
		{"too long for Claude", 400, "ValidationException", "The model returned the following errors: prompt is too long: 220000 tokens > 200000 maximum", upstream.Context},
		{"too long for others", 400, "ValidationException", "This model's maximum context length is 8192 tokens", upstream.Context},
		{"no such model", 400, "ValidationException", "The provided model identifier is invalid.", upstream.UnknownModel},
		{"wants a profile", 400, "ValidationException", "Invocation of model ID anthropic.claude-sonnet-4 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.", upstream.UnknownModel},
		{"new account", 400, "ValidationException", "Operation not allowed", upstream.Permission},
		{"model gone", 404, "ResourceNotFoundException", "This model version has reached the end of its life.", upstream.UnknownModel},
		{"form not filled in", 404, "ResourceNotFoundException", "Model use case details have not been submitted for this account.", upstream.Permission},
		{"no access", 403, "AccessDeniedException", "You don't have access to the model with the specified model ID.", upstream.Permission},
		{"unpaid", 403, "AccessDeniedException", "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.", upstream.Billing},
		{"wrong API key", 403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.", upstream.Auth},
		{"old API key", 403, "AccessDeniedException", "Bearer Token has expired", upstream.Auth},
		{"unknown access key", 403, "UnrecognizedClientException", "The security token included in the request is invalid.", upstream.Auth},
		{"expired", 403, "ExpiredTokenException", "The security token included in the request is expired", upstream.Auth},
		{"expired, old spelling", 400, "ExpiredToken", "", upstream.Auth},
		{"bad signature", 403, "InvalidSignatureException", "Signature expired: 20261122T115000Z is now earlier than 20261122T115500Z", upstream.Auth},
		{"unsigned", 403, "MissingAuthenticationTokenException", "Missing Authentication Token", upstream.Auth},
		{"body too large", 413, "RequestTooLargeException", "", upstream.TooLarge},
		{"a proxy's 413", 413, "", "", upstream.TooLarge},
		{"a firewall's 403", 403, "", "", upstream.Provider},
		{"401", 401, "", "", upstream.Auth},
		{"404", 404, "", "", upstream.UnknownModel},
		{"408", 408, "", "", upstream.Timeout},
		{"424", 424, "", "", upstream.Provider},
		{"429", 429, "BrandNewException", "", upstream.RateLimit},
		{"503", 503, "", "", upstream.Overload},
		{"504", 504, "", "", upstream.Timeout},
		{"a name younger than the table", 418, "BrandNewException", "", upstream.Client},
		{"502", 502, "", "", upstream.Provider},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tt.kind != "" {
				h.Set("x-amzn-ErrorType", tt.kind)
			}
			got := awserror.Classify(tt.status, h, []byte(`{"message":"`+tt.message+`"}`), noon)
			if got.Class != tt.want || got.Status != tt.status {
				t.Errorf("got %s with status %d, want %s with %d", got.Class, got.Status, tt.want, tt.status)
			}
			if got.Message == "" || tt.message != "" && got.Message != tt.message {
				t.Errorf("got message %q, want %q or a word in its place", got.Message, tt.message)
			}
			if kind, _, _ := strings.Cut(tt.kind, ":"); got.Type != kind {
				t.Errorf("got type %q, want %q", got.Type, kind)
			}
		})
	}
}

// TestWhereTheNameStands: proxies drop headers, and older protocols have the
// name in the body.
func TestWhereTheNameStands(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, kind, message string }{
		{"body", `{"__type":"com.amazon.coral.service#ThrottlingException","message":"slow"}`, "ThrottlingException", "slow"},
		{"code", `{"code":"ThrottlingException","Message":"slow"}`, "ThrottlingException", "slow"},
		{"original", `{"__type":"throttlingException","originalMessage":"slow"}`, "ThrottlingException", "slow"},
		{"no JSON", `<html>`, "", "the provider answered 429 without saying why"},
		{"cut off", `{"__type":"Throttl`, "", "the provider answered 429 without saying why"},
		{"no name but a text", `{"__type":"a sentence, not a name"}`, "", "the provider answered 429 without saying why"},
		{"only a name", `{"__type":"ThrottlingException"}`, "ThrottlingException", "the provider answered ThrottlingException without saying why"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := awserror.Classify(429, http.Header{}, []byte(tt.body), noon)
			if got.Class != upstream.RateLimit || got.Type != tt.kind || got.Message != tt.message {
				t.Errorf("got %+v, want type %q and message %q", got, tt.kind, tt.message)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	h := http.Header{"Retry-After": {"7"}}
	if got := awserror.Classify(429, h, nil, noon).RetryAfter; got != 7*time.Second {
		t.Errorf("got %v, want the header's 7s", got)
	}
}

func TestLate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind string
		want upstream.Class
	}{
		{"throttlingException", upstream.RateLimit},
		{"modelStreamErrorException", upstream.Provider},
		{"internalServerException", upstream.Provider},
		{"serviceUnavailableException", upstream.Overload},
		{"modelTimeoutException", upstream.Timeout},
		{"validationException", upstream.Client},
		{"somethingNewException", upstream.Provider},
		{"", upstream.Provider},
	}
	for _, tt := range tests {
		got := awserror.Late(tt.kind, []byte(`{"message":"why"}`))
		if got.Class != tt.want || got.Status != 0 || got.Message != "why" {
			t.Errorf("%q: got %+v, want class %s, status 0 and the message", tt.kind, got, tt.want)
		}
	}
}

// TestRedacts: nothing that names the account reaches a client.
func TestRedacts(t *testing.T) {
	t.Parallel()
	const message = "User: arn:aws:sts::123456789012:assumed-role/prod-gateway/fallow is not authorized to perform: " +
		"bedrock:InvokeModel on resource: arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/x, account 123456789012 key AKIAIOSFODNN7EXAMPLE"
	got := awserror.Classify(403, http.Header{"X-Amzn-Errortype": {"AccessDeniedException"}}, []byte(`{"message":"`+message+`"}`), noon).Message
	for _, private := range []string{"arn:", "123456789012", "prod-gateway", "AKIA"} {
		if strings.Contains(got, private) {
			t.Errorf("message %q still holds %q", got, private)
		}
	}
	if !strings.Contains(got, "is not authorized to perform: bedrock:InvokeModel on resource: [redacted], account") {
		t.Errorf("message %q has lost more than what is private", got)
	}
}

// FuzzClassify: a fault always has a class, a text and no account number.
func FuzzClassify(f *testing.F) {
	f.Add(400, "ValidationException:http://x", []byte(`{"message":"arn:aws:iam::123456789012:role/x"}`))
	f.Add(0, "#", []byte(`{"message":`))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		for _, got := range []*upstream.Fault{
			awserror.Classify(status, http.Header{"X-Amzn-Errortype": {kind}}, body, noon),
			awserror.Late(kind, body),
		} {
			if got.Class == "" || got.Message == "" || got.RetryAfter != 0 {
				t.Fatalf("got %+v", got)
			}
			if strings.Contains(got.Message, "arn:aws:iam::123456789012") {
				t.Fatalf("private: %q", got.Message)
			}
		}
	})
}

// TestNamesAreBounded: they go into logs and metrics.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, exception, want string
	}{
		{"longest", strings.Repeat("A", 64), strings.Repeat("A", 64)},
		{"too long", strings.Repeat("A", 65), ""},
		{"no name", "Throttling Exception", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := awserror.Classify(400, http.Header{"X-Amzn-Errortype": {tt.exception}}, nil, time.Time{})
			if f.Type != tt.want {
				t.Errorf("got type %q, want %q", f.Type, tt.want)
			}
		})
	}
}
