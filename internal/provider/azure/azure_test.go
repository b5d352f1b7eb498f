package azure_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/azure"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestBaseURLIsRequired(t *testing.T) {
	t.Parallel()
	if got := azure.New().DefaultBaseURL(); got != "" {
		t.Errorf("got %q, want none: each resource has its own", got)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key     string
		apiKey, token string
	}{
		{"key of a resource", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", ""},
		{"Entra token", "eyJ0eXAi.eyJhdWQi.c2ln", "", "Bearer eyJ0eXAi.eyJhdWQi.c2ln"},
		{"a key that only begins so", "eyJ0eXAi", "eyJ0eXAi", ""},
		{"a key with dots", "a.b.c", "a.b.c", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer of-the-client")
			r.Header.Set("Api-Key", "of-the-client")
			azure.New().Authorize(r, secret.New(tt.key))
			if r.Header.Get("Api-Key") != tt.apiKey || r.Header.Get("Authorization") != tt.token {
				t.Errorf("got api-key %q and authorization %q, want %q and %q", r.Header.Get("Api-Key"), r.Header.Get("Authorization"), tt.apiKey, tt.token)
			}
		})
	}
}

// The model is the name of a deployment, whose quota is its own.
func TestDeployments(t *testing.T) {
	t.Parallel()
	if got := azure.New().Family("gpt-4o-2024-08-06"); got != "gpt-4o-2024-08-06" {
		t.Errorf("family %q, want the deployment", got)
	}
	req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"x"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := azure.New().EncodeChat(req, "prod-eu")
	if err != nil || c.Path != "/chat/completions" || !strings.Contains(string(c.Body), `"model":"prod-eu"`) {
		t.Errorf("got %s %s, %v", c.Path, c.Body, err)
	}
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	for api, want := range map[provider.API]bool{
		provider.Responses: true, provider.Completions: true, provider.Embeddings: true, provider.Images: true, provider.Speech: true,
		provider.Moderations: false, provider.Rerank: false, provider.Messages: false,
	} {
		if _, ok := azure.New().EncodeNative(provider.NativeRequest{API: api, Body: []byte("{}"), Model: "m"}); ok != want {
			t.Errorf("%s: %v, want %v", api, ok, want)
		}
	}
}

// Bodies are as Azure sends them.
func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   upstream.Class
	}{
		{"tokens of a deployment", 429, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 26 seconds."}}`, upstream.RateLimit},
		{"in words", 429, `{"error":{"code":"too_many_requests","message":"Too Many Requests","type":"too_many_requests"}}`, upstream.RateLimit},
		{"everybody's", 429, `{"error":{"code":"NoCapacity","message":"The system is currently experiencing high demand and cannot process your request."}}`, upstream.Overload},
		{"everybody's without a code", 429, `{"error":{"code":"429","message":"We're currently experiencing high demand, which may cause temporary errors."}}`, upstream.Overload},
		{"filter", 400, `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}`, upstream.Client},
		{"filter of images", 400, `{"error":{"code":"content_policy_violation","inner_error":{"code":"ResponsibleAIPolicyViolation"},"message":"Your request was rejected as a result of our safety system.","type":"invalid_request_error"}}`, upstream.Client},
		{"key", 401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription."}}`, upstream.Auth},
		{"role", 401, `{"error":{"code":"PermissionDenied","message":"The principal lacks the required data action Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"}}`, upstream.Permission},
		{"network rules", 403, `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`, upstream.Permission},
		{"no deployment", 404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`, upstream.UnknownModel},
		{"deployment of another kind", 400, `{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, ada. Please choose different model and try again."}}`, upstream.UnknownModel},
		{"no resource", 404, `{"error":{"code":"404","message":"Resource not found"}}`, upstream.Client},
		{"too slow", 408, `{"error":{"code":"Timeout","message":"The operation was timeout."}}`, upstream.Timeout},
		{"context", 400, `{"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`, upstream.Context},
		{"fault", 500, `{"error":{"code":"InternalServerError","message":"Backend returned unexpected response."}}`, upstream.Provider},
		{"page", 502, `<html>Microsoft-Azure-Application-Gateway/v2</html>`, upstream.Provider},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if f := azure.New().Classify(tt.status, http.Header{}, []byte(tt.body), now); f.Class != tt.want {
				t.Errorf("class %s, want %s (%+v)", f.Class, tt.want, f)
			}
		})
	}
}

func TestRetryAfterInMilliseconds(t *testing.T) {
	t.Parallel()
	h := http.Header{"Retry-After": {"27"}, "Retry-After-Ms": {"26345"}}
	if got := azure.New().Classify(429, h, nil, now).RetryAfter; got != 26345*time.Millisecond {
		t.Errorf("got %v, want the milliseconds", got)
	}
}

// Responses was seen to send -1 and 0 for limits that are not.
func TestSignals(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	for name, value := range map[string]string{
		"x-ratelimit-limit-requests": "-1", "x-ratelimit-remaining-requests": "-1",
		"x-ratelimit-limit-tokens": "0", "x-ratelimit-remaining-tokens": "0",
	} {
		h.Set(name, value)
	}
	if got := azure.New().Signals(h, now); len(got.Limits) != 0 {
		t.Errorf("got %+v, want none", got)
	}
	h.Set("x-ratelimit-limit-tokens", "30000")
	h.Set("x-ratelimit-remaining-tokens", "29000")
	want := []upstream.Limit{{Dimension: upstream.Tokens, PerMinute: 30000, Remaining: 29000}}
	if diff := cmp.Diff(want, azure.New().Signals(h, now).Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

// The first chunk has no choices but what the filter made of the prompt; an
// answer that the filter cuts ends well.
func TestStreamWithFilter(t *testing.T) {
	t.Parallel()
	req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := azure.New().EncodeChat(req, "d")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Answer.Stream(strings.NewReader(`data: {"choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}` + "\n\n" +
		`data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null,"content_filter_results":{}}]}` + "\n\n" +
		`data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}` + "\n\n" + "data: [DONE]\n\n"))
	var contents []bool
	for err == nil {
		var chunk provider.Chunk
		if chunk, err = s.Next(); err == nil {
			contents = append(contents, chunk.Content)
		}
	}
	if err != io.EOF {
		t.Errorf("end %v, want EOF", err)
	}
	if diff := cmp.Diff([]bool{false, true, true}, contents); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func FuzzAuthorize(f *testing.F) {
	f.Add("eyJ.a.b")
	f.Add("key")
	f.Fuzz(func(t *testing.T, key string) {
		r := &http.Request{Header: http.Header{}}
		azure.New().Authorize(r, secret.New(key))
		if len(r.Header) != 1 {
			t.Errorf("the key went into %d headers", len(r.Header))
		}
	})
}
