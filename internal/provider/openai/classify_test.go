package openai_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// headers builds a header from alternating names and values.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// oai is an error body as OpenAI writes it.
func oai(kind, code, message string) string {
	return `{"error":{"message":"` + message + `","type":"` + kind + `","param":null,"code":` + code + `}}`
}

func TestClassify(t *testing.T) {
	t.Parallel()
	const page = "<html><head><title>error</title></head><body>nginx</body></html>"
	tests := []struct {
		name   string
		status int
		body   string
		want   upstream.Class
	}{
		// OpenAI
		{"rate limit", 429, oai("tokens", `"rate_limit_exceeded"`, "Rate limit reached"), upstream.RateLimit},
		{"requests", 429, oai("requests", `"rate_limit_exceeded"`, "Rate limit reached"), upstream.RateLimit},
		{"quota", 429, oai("insufficient_quota", `"insufficient_quota"`, "You exceeded your current quota"), upstream.Billing},
		{"quota with an unknown code", 429, oai("insufficient_quota", `"something_new"`, "x"), upstream.Billing},
		{"credit", 429, oai("insufficient_quota", `"credit_balance_exhausted"`, "x"), upstream.Billing},
		{"hard limit", 429, oai("insufficient_quota", `"billing_hard_limit_reached"`, "x"), upstream.SpendCap},
		{"hard limit as a 400", 400, oai("invalid_request_error", `"billing_hard_limit_reached"`, "x"), upstream.SpendCap},
		{"organisation's spend limit", 429, oai("insufficient_quota", `"organization_spend_limit_exceeded"`, "x"), upstream.SpendCap},
		{"project's spend limit", 429, oai("insufficient_quota", `"project_spend_limit_exceeded"`, "x"), upstream.SpendCap},
		{"organisation's usage limit", 429, oai("insufficient_quota", `"organization_usage_limit_exceeded"`, "x"), upstream.SpendCap},
		{"ramp", 429, oai("rate_limit_error", `"slow_down"`, "Slow down"), upstream.Ramp},
		{"ramp as it was", 503, oai("server_error", `"slow_down"`, "Slow Down"), upstream.Ramp},
		{"overload", 503, oai("service_unavailable_error", `"server_is_overloaded"`, "busy"), upstream.Overload},
		{"key wrong", 401, oai("invalid_request_error", `"invalid_api_key"`, "Incorrect API key provided"), upstream.Auth},
		{"key without code", 401, oai("invalid_request_error", "null", "You must be a member"), upstream.Auth},
		{"not allowed", 403, oai("invalid_request_error", "null", "no"), upstream.Permission},
		{"model not allowed to the project", 403, oai("invalid_request_error", `"model_not_found"`, "Project does not have access to model"), upstream.Permission},
		{"no such model", 404, oai("invalid_request_error", `"model_not_found"`, "The model does not exist"), upstream.UnknownModel},
		{"no such path", 404, oai("invalid_request_error", "null", "Invalid URL (POST /v1/foo)"), upstream.Client},
		{"context", 400, oai("invalid_request_error", `"context_length_exceeded"`, "too long"), upstream.Context},
		{"client", 400, oai("invalid_request_error", `"unknown_parameter"`, "Unknown parameter"), upstream.Client},
		{"content policy", 400, oai("invalid_request_error", `"content_filter"`, "filtered"), upstream.Client},
		{"server error", 500, oai("server_error", "null", "sorry"), upstream.Provider},
		// by status alone
		{"empty 401", 401, "", upstream.Auth},
		{"empty 402", 402, "", upstream.Billing},
		{"empty 404", 404, "", upstream.Client},
		{"empty 408", 408, "", upstream.Timeout},
		{"empty 409", 409, "", upstream.Client},
		{"empty 413", 413, "", upstream.TooLarge},
		{"empty 422", 422, "", upstream.Client},
		{"empty 429", 429, "", upstream.RateLimit},
		{"empty 500", 500, "", upstream.Provider},
		{"empty 504", 504, "", upstream.Timeout},
		{"empty 529", 529, "", upstream.Overload},
		{"redirect", 302, "", upstream.Provider},
		{"page 502", 502, page, upstream.Provider},
		{"page 503", 503, page, upstream.Overload},
		{"page 524", 524, page, upstream.Timeout},
		{"page 403 is a firewall's, not the key's", 403, page, upstream.Provider},
		{"page 413", 413, page, upstream.TooLarge},
		{"cut off body", 429, `{"error":{"message":"You exceeded","type":"insufficient_quota","code":"insufficient_qu`, upstream.Billing},
		// compatible servers
		{"Groq flex is full", 498, `{"error":{"message":"capacity exceeded","type":"capacity"}}`, upstream.Overload},
		{"Groq too large", 413, oai("tokens", `"rate_limit_exceeded"`, "Request too large for model"), upstream.TooLarge},
		{"Ollama no model", 404, `{"error":"model 'x' not found, try pulling it first"}`, upstream.UnknownModel},
		{"vLLM context", 400, `{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}`, upstream.Context},
		{"xAI context", 400, `{"code":"x","error":"This model's maximum prompt length is 131072 but the request contains 140000 tokens."}`, upstream.Context},
		{"xAI key", 400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***"}`, upstream.Auth},
		{"llama.cpp context", 400, `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`, upstream.Context},
		{"DeepSeek no balance", 402, oai("unknown_error", `"invalid_request_error"`, "Insufficient Balance"), upstream.Billing},
		{"OpenRouter no credit", 402, `{"error":{"code":402,"message":"Insufficient credits"}}`, upstream.Billing},
		{"OpenRouter credit held", 402, `{"error":{"code":402,"message":"x","metadata":{"limit_source":"in-flight-budget"}}}`, upstream.RateLimit},
		{"OpenRouter moderation", 403, `{"error":{"code":403,"message":"flagged","metadata":{"reasons":["x"],"flagged_input":"y"}}}`, upstream.Client},
		{"OpenRouter no model", 404, `{"error":{"code":404,"message":"No endpoints found for x/y."}}`, upstream.UnknownModel},
		{"Azure deployment", 404, oai("", `"DeploymentNotFound"`, "The API deployment does not exist."), upstream.UnknownModel},
		{"Gemini quota", 429, `[{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]`, upstream.RateLimit},
		{"Gemini key", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`, upstream.Auth},
		{"Gemini context", 400, `[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}]`, upstream.Context},
		{"Gemini overload", 503, `[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]`, upstream.Overload},
		{"Moonshot concurrency", 429, oai("rate_limit_reached_error", "null", "reached max organization concurrency: 3"), upstream.Concurrency},
		{"Moonshot overload is not the key's", 429, oai("engine_overloaded_error", "null", "The engine is currently overloaded"), upstream.Overload},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := openai.New(openai.Config{}).Classify(tt.status, http.Header{}, []byte(tt.body), now)
			if f.Class != tt.want {
				t.Errorf("class %s, want %s (%+v)", f.Class, tt.want, f)
			}
			if f.Status != tt.status {
				t.Errorf("status %d, want %d", f.Status, tt.status)
			}
			if f.Message == "" || strings.Contains(f.Message, "<") {
				t.Errorf("message %q, want a sentence", f.Message)
			}
		})
	}
}

func TestClassifyWords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 3000)
	tests := []struct {
		name                string
		status              int
		body                string
		kind, code, message string
	}{
		{"OpenAI", 429, oai("tokens", `"rate_limit_exceeded"`, "in organization org-AbCdEf0123456789 on tokens"),
			"tokens", "rate_limit_exceeded", "in organization [redacted] on tokens"},
		{"number as code", 502, `{"error":{"code":502,"message":"x"}}`, "", "502", "x"},
		{"text as error", 400, `{"error":"x","error_type":"validation"}`, "validation", "", "x"},
		{"fields at the top", 400, `{"object":"error","message":"x","type":"BadRequestError","code":400}`, "BadRequestError", "400", "x"},
		{"detail", 404, `{"detail":"Not Found"}`, "", "", "Not Found"},
		{"Gemini", 429, `[{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}]`, "", "429", "x"},
		{"other types count as missing", 400, `{"error":{"type":1.5e0,"code":{"a":1},"message":["x"]}}`, "1.5", "", "the provider gave no reason (bad request)"},
		{"nothing", 529, "", "", "", "the provider gave no reason"},
		{"a page is not shown", 502, "<html>10.0.0.7</html>", "", "", "the provider gave no reason (bad gateway)"},
		{"text is bounded, on a rune", 400, oai("", "null", long), "", "", strings.Repeat("ü", 1024) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := openai.New(openai.Config{}).Classify(tt.status, http.Header{}, []byte(tt.body), now)
			if f.Type != tt.kind || f.Code != tt.code || f.Message != tt.message {
				t.Errorf("got type %q, code %q, message %q, want %q, %q, %q", f.Type, f.Code, f.Message, tt.kind, tt.code, tt.message)
			}
		})
	}
}

func TestClassifyRetryAfter(t *testing.T) {
	t.Parallel()
	const info = `[{"error":{"code":429,"message":"x","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},` +
		`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"46.5s"}]}}]`
	tests := []struct {
		name   string
		header http.Header
		body   string
		want   time.Duration
	}{
		{"nothing", headers(), "", 0},
		{"seconds", headers("Retry-After", "7"), "", 7 * time.Second},
		{"milliseconds win", headers("Retry-After", "7", "Retry-After-Ms", "120"), "", 120 * time.Millisecond},
		{"RetryInfo", headers(), info, 46500 * time.Millisecond},
		{"the header wins over RetryInfo", headers("Retry-After", "7"), info, 7 * time.Second},
		{"negative RetryInfo", headers(), strings.Replace(info, "46.5", "-1", 1), 0},
		{"RetryInfo of a year", headers(), strings.Replace(info, "46.5s", "8760h", 1), 24 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := openai.New(openai.Config{}).Classify(429, tt.header, []byte(tt.body), now)
			if f.RetryAfter != tt.want {
				t.Errorf("got %v, want %v", f.RetryAfter, tt.want)
			}
		})
	}
}

// An error inside a stream has no status to go by.
func TestFaultInAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		want upstream.Class // empty: no fault
	}{
		{"server error", oai("server_error", "null", "x"), upstream.Provider},
		{"rate limit", oai("tokens", `"rate_limit_exceeded"`, "x"), upstream.RateLimit},
		{"rate limit by type", oai("rate_limit_error", "null", "x"), upstream.RateLimit},
		{"quota", oai("insufficient_quota", `"insufficient_quota"`, "x"), upstream.Billing},
		{"client", oai("invalid_request_error", "null", "x"), upstream.Client},
		{"auth", oai("authentication_error", "null", "x"), upstream.Auth},
		{"numeric 503", `{"error":{"code":503,"message":"x"}}`, upstream.Overload},
		{"numeric as string", `{"error":{"code":"429","message":"x"}}`, upstream.RateLimit},
		{"a number that is no status", `{"error":{"code":1302,"message":"x"}}`, upstream.Provider},
		{"text", `{"error":"boom"}`, upstream.Provider},
		{"finish_reason error", `{"choices":[{"finish_reason":"error"}]}`, upstream.Provider},
		{"error null", `{"error":null,"choices":[]}`, ""},
		{"error empty", `{"error":{},"choices":[]}`, ""},
		{"error false", `{"error":false,"choices":[]}`, ""},
		{"the model writes of errors", `{"choices":[{"message":{"content":"{\"error\":{}}"},"finish_reason":"stop"}]}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := call(t, openai.Config{}, "").Answer.Whole([]byte(tt.body))
			if tt.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			f := upstream.AsFault(err)
			if f.Class != tt.want || f.Status != 0 {
				t.Errorf("got %+v, want class %s and no status", f, tt.want)
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(429, []byte(oai("insufficient_quota", `"insufficient_quota"`, "x")), "1.5")
	f.Add(502, []byte("<html>"), "-1")
	f.Add(429, []byte(`[{"error":{"details":[{"retryDelay":"46s"}]}}]`), "")
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		fault := openai.New(openai.Config{}).Classify(status, http.Header{"Retry-After": {after}}, body, now)
		if fault.Class == "" || fault.Message == "" {
			t.Errorf("got %+v, want a class and a message", fault)
		}
		if fault.RetryAfter < 0 || fault.RetryAfter > provider.MaxRetryAfter {
			t.Errorf("RetryAfter %v is out of bounds", fault.RetryAfter)
		}
		if len(fault.Message) > 4<<10 {
			t.Errorf("message of %d bytes", len(fault.Message))
		}
	})
}
