package preset_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/preset"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Bodies are as the providers send them, with their ids changed.
func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		preset, name string
		status       int
		body         string
		want         upstream.Class
	}{
		{"groq", "tokens per minute", 429, `{"error":{"message":"Rate limit reached for model ` + "`llama-3.3-70b-versatile`" + ` in organization ` + "`org_01khg29mw3f81re84spb7qcmt7`" + ` service tier ` + "`on_demand`" + ` on tokens per minute (TPM): Limit 12000, Used 11500, Requested 900. Please try again in 4.5s.","type":"tokens","code":"rate_limit_exceeded"}}`, upstream.RateLimit},
		{"groq", "too large for the limit", 413, `{"error":{"message":"Request too large for model on tokens per minute (TPM): Limit 6000, Requested 7000","type":"tokens","code":"rate_limit_exceeded"}}`, upstream.TooLarge},
		{"groq", "key", 401, `{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}`, upstream.Auth},
		{"groq", "organisation restricted", 400, `{"error":{"message":"Organization has been restricted. Please reach out to support if you believe this was in error.","type":"invalid_request_error","code":"organization_restricted"}}`, upstream.Hold},
		{"groq", "spend limit", 400, `{"error":{"message":"API access is blocked: spend limit reached","type":"invalid_request_error","code":"blocked_api_access"}}`, upstream.SpendCap},
		{"groq", "terms of a model", 400, `{"error":{"message":"The model requires terms acceptance.","type":"invalid_request_error","code":"model_terms_required"}}`, upstream.Permission},
		{"groq", "model gone", 400, `{"error":{"message":"The model has been decommissioned and is no longer supported.","type":"invalid_request_error","code":"model_decommissioned"}}`, upstream.UnknownModel},
		{"groq", "flex is full", 498, `{"error":{"message":"Flex tier capacity exceeded","type":"capacity"}}`, upstream.Overload},
		{"groq", "a call that failed", 400, `{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<f>"}}`, upstream.Client},

		{"mistral", "rate", 429, `{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}`, upstream.RateLimit},
		{"mistral", "capacity of the tier", 429, `{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}`, upstream.Overload},
		{"mistral", "key", 401, `{"detail":"Unauthorized"}`, upstream.Auth},
		{"mistral", "model", 400, `{"object":"error","message":"Invalid model: mistral-huge","type":"invalid_model","param":null,"code":"1500"}`, upstream.UnknownModel},
		{"mistral", "unknown field", 422, `{"detail":[{"type":"extra_forbidden","loc":["body","store"],"msg":"Extra inputs are not permitted","input":false}]}`, upstream.Client},
		{"mistral", "context", 400, `{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","param":null,"code":"3051"}`, upstream.Context},

		{"deepseek", "too many at once", 429, `{"error":{"message":"Rate limit reached","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}`, upstream.Concurrency},
		{"deepseek", "balance", 402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`, upstream.Billing},
		{"deepseek", "key", 401, `{"error":{"message":"Authentication Fails, Your api key: ****abcd is invalid","type":"authentication_error","param":null,"code":"invalid_request_error"}}`, upstream.Auth},
		{"deepseek", "model", 400, `{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, upstream.UnknownModel},
		{"deepseek", "busy", 503, `{"error":{"message":"Service is too busy."}}`, upstream.Overload},
		{"deepseek", "context", 400, `{"error":{"message":"This model's maximum context length is 131072 tokens. However, you requested 140000 tokens","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, upstream.Context},

		{"cerebras", "tokens", 429, `{"message":"Tokens per minute limit exceeded - too many tokens processed.","type":"too_many_tokens_error","param":"quota","code":"token_quota_exceeded"}`, upstream.RateLimit},
		{"cerebras", "queue", 429, `{"message":"We're experiencing high traffic right now! Please try again soon.","type":"too_many_requests_error","param":"queue","code":"queue_exceeded"}`, upstream.Overload},
		{"cerebras", "key", 401, `{"message":"Wrong API Key","type":"invalid_request_error","param":"api_key","code":"wrong_api_key"}`, upstream.Auth},
		{"cerebras", "model", 404, `{"message":"Model gpt-9 does not exist or you do not have access to it.","type":"not_found_error","param":"model","code":"model_not_found"}`, upstream.UnknownModel},
		{"cerebras", "context", 400, `{"message":"Please reduce the length of the messages or completion. Current length is 8933 while limit is 8192","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}`, upstream.Context},

		{"xai", "rate", 429, `{"code":"Some resource has been exhausted","error":"Too many requests for team 0a1b2c3d-4e5f-6789-abcd-ef0123456789 and model grok-4."}`, upstream.RateLimit},
		{"xai", "credit as a 429", 429, `{"code":"Some resource has been exhausted","error":"Your team 0a1b2c3d-4e5f-6789-abcd-ef0123456789 has either used all available credits or reached its monthly spending limit."}`, upstream.Billing},
		{"xai", "credit as a 403", 403, `{"code":"The caller does not have permission to execute the specified operation","error":"Your team 0a1b2c3d-4e5f-6789-abcd-ef0123456789 has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit."}`, upstream.Billing},
		{"xai", "a new team", 403, `{"code":"The caller does not have permission to execute the specified operation","error":"Your newly created team doesn't have any credits yet."}`, upstream.Billing},
		{"xai", "input refused", 403, `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}`, upstream.Client},
		{"xai", "not allowed", 403, `{"code":"The caller does not have permission to execute the specified operation","error":"Your API key does not have access to this model"}`, upstream.Permission},
		{"xai", "key", 400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***zz."}`, upstream.Auth},

		{"openrouter", "free models", 429, `{"error":{"message":"Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day","code":429,"metadata":{"headers":{"X-RateLimit-Limit":"50","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1795392000000"},"provider_name":null}},"user_id":"user_2abc"}`, upstream.RateLimit},
		{"openrouter", "limit of the provider behind", 429, `{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"google/gemma-4-31b-it:free is temporarily rate-limited upstream. Please retry shortly","provider_name":"Google"}},"user_id":"user_2abc"}`, upstream.Overload},
		{"openrouter", "credit", 402, `{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 1500.","code":402,"metadata":{"provider_name":null}}}`, upstream.Billing},
		{"openrouter", "credit held", 402, `{"error":{"code":402,"message":"x","metadata":{"limit_source":"in-flight-budget"}}}`, upstream.RateLimit},
		{"openrouter", "limit of the key", 403, `{"error":{"message":"Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys","code":403}}`, upstream.SpendCap},
		{"openrouter", "input flagged", 403, `{"error":{"code":403,"message":"Input flagged","metadata":{"reasons":["violence"],"flagged_input":"x","provider_name":"OpenAI"}}}`, upstream.Client},
		{"openrouter", "model", 400, `{"error":{"message":"acme/foo is not a valid model ID","code":400},"user_id":"user_2abc"}`, upstream.UnknownModel},
		{"openrouter", "nobody serves it", 404, `{"error":{"message":"No endpoints found for acme/foo.","code":404}}`, upstream.UnknownModel},
		{"openrouter", "key", 401, `{"error":{"message":"User not found.","code":401}}`, upstream.Auth},
		{"openrouter", "all providers down", 503, `{"error":{"message":"No available model provider that meets your routing requirements","code":503}}`, upstream.Overload},

		{"together", "dynamic rate", 429, `{"id":"nq","error":{"message":"Request rate exceeded","type":"rate_limit","error_type":"dynamic_request_limited"}}`, upstream.RateLimit},
		{"together", "capacity", 503, `{"id":"nq","error":{"message":"The server is overloaded or not ready yet.","type":"service_unavailable","param":null,"code":null}}`, upstream.Overload},
		{"together", "model", 400, `{"id":"nq","error":{"message":"Unable to access model acme. Please visit https://api.together.ai/models to view the list of supported models.","type":"invalid_request_error","param":null,"code":"model_not_available"}}`, upstream.UnknownModel},
		{"together", "context", 422, `{"id":"nq","error":{"message":"Input validation error: ` + "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`" + `","type":"invalid_request_error","param":"max_tokens","code":null}}`, upstream.Context},
		{"together", "context as a 403", 403, `{"error":{"message":"Input token count + max_tokens parameter must be less than the context length of the model being queried"}}`, upstream.Context},
		{"together", "key", 401, `{"id":"nq","error":{"message":"Invalid API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, upstream.Auth},

		{"fireworks", "account suspended", 412, `{"error":{"object":"error","type":"invalid_request_error","code":"PRECONDITION_FAILED","message":"Account acme is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices. Please go to https://fireworks.ai/account/billing for more information."}}`, upstream.Billing},
		{"fireworks", "model", 404, `{"error":{"object":"error","type":"invalid_request_error","code":"NOT_FOUND","message":"Model not found, inaccessible, and/or not deployed"}}`, upstream.UnknownModel},
		{"fireworks", "rate", 429, `{"error":{"object":"error","type":"rate_limit_error","code":"rate_limit_exceeded","message":"Rate limit reached"}}`, upstream.RateLimit},
		{"fireworks", "overloaded", 503, `{"error":{"object":"error","type":"internal_server_error","message":"service overloaded, please try again later"}}`, upstream.Overload},
		{"fireworks", "context", 400, `{"error":{"object":"error","type":"invalid_request_error","message":"The prompt is too long: 140000, model maximum context length: 131071"}}`, upstream.Context},

		{"ollama", "model", 404, `{"error":{"message":"model \"acme\" not found, try pulling it first","type":"not_found_error","param":null,"code":null}}`, upstream.UnknownModel},
		{"ollama", "queue", 503, `{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}`, upstream.Overload},
		{"vllm", "model", 404, `{"error":{"message":"The model ` + "`acme`" + ` does not exist.","type":"NotFoundError","param":"model","code":404}}`, upstream.UnknownModel},
		{"vllm", "context", 400, `{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}`, upstream.Context},
		{"vllm", "key", 401, `{"error":"Unauthorized"}`, upstream.Auth},
	}
	for _, tt := range tests {
		t.Run(tt.preset+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			f := dialect(t, tt.preset).Classify(tt.status, http.Header{}, []byte(tt.body), now)
			if f.Class != tt.want {
				t.Errorf("class %s, want %s (%+v)", f.Class, tt.want, f)
			}
			if strings.Contains(f.Message, "org_01") || strings.Contains(f.Message, "0a1b2c3d") || strings.Contains(f.Message, "gave no reason") {
				t.Errorf("message %q names the organisation or says nothing", f.Message)
			}
		})
	}
}

// Mistral's limit of 0: the workspace has no plan for that model, for ever.
func TestMistralWithoutAPlan(t *testing.T) {
	t.Parallel()
	body := []byte(`{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}`)
	f := dialect(t, "mistral").Classify(429, headers("x-ratelimit-limit-req-minute", "0", "x-ratelimit-remaining-req-minute", "0"), body, now)
	if f.Class != upstream.Permission {
		t.Errorf("got %+v, want class permission", f)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	inTwoHours := strconv.FormatInt(now.Add(2*time.Hour).UnixMilli(), 10)
	tests := []struct {
		preset, name string
		header       http.Header
		body         string
		want         time.Duration
	}{
		{"groq", "a day's tokens", headers("retry-after", "938"), "", 938 * time.Second},
		{"together", "suggested", headers("x-ratelimit-reset", "3"), "", 3 * time.Second},
		{"openrouter", "date in a header", headers("X-RateLimit-Reset", inTwoHours), "", 2 * time.Hour},
		{"openrouter", "date in the body", headers(), `{"error":{"code":429,"message":"x","metadata":{"headers":{"X-RateLimit-Reset":"` + inTwoHours + `"}}}}`, 2 * time.Hour},
		{"cerebras", "a day's requests", headers("x-ratelimit-remaining-requests-day", "0", "x-ratelimit-reset-requests-day", "33011.5"), "", 33011500 * time.Millisecond},
		{"cerebras", "a minute's tokens", headers("x-ratelimit-remaining-tokens-minute", "0", "x-ratelimit-reset-tokens-minute", "11"), "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.preset+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			if got := dialect(t, tt.preset).Classify(429, tt.header, []byte(tt.body), now).RetryAfter; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// What providers send while a request waits is no answer yet.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	const chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	for name, waiting := range map[string]string{"deepseek": ": keep-alive\n\n\n\n", "openrouter": ": OPENROUTER PROCESSING\n\n"} {
		c, err := dialect(t, name).EncodeChat(req, "m")
		if err != nil {
			t.Fatal(err)
		}
		s := c.Answer.Stream(strings.NewReader(waiting + chunk))
		first, err := s.Next()
		if err != nil || len(first.Data) != 0 || first.Content {
			t.Errorf("%s: got %+v, %v; want a sign of life", name, first, err)
		}
		content := false
		for err == nil {
			var next provider.Chunk
			next, err = s.Next()
			content = content || next.Content
		}
		if err != io.EOF || !content {
			t.Errorf("%s: content %v, end %v", name, content, err)
		}
		if reply, err := c.Answer.Whole([]byte("\n\n\n{\"choices\":[]}")); err != nil || len(reply.Body) == 0 {
			t.Errorf("%s: blank lines before a whole answer: %v", name, err)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("openrouter", 429, []byte(`{"error":{"code":429,"metadata":{"headers":{"X-RateLimit-Reset":"1795392000000"}}}}`), "1795392000000")
	f.Add("mistral", 429, []byte(`{"message":{"detail":[{"msg":"x"}]}}`), "0")
	f.Add("cerebras", 429, []byte(`{}`), "33011.5")
	f.Fuzz(func(t *testing.T, name string, status int, body []byte, number string) {
		p, ok := preset.Find(name)
		if !ok {
			return
		}
		h := http.Header{}
		for _, l := range p.Server.Limits {
			h.Set(l.Size, number)
			h.Set(l.Remaining, number)
			h.Set(l.Reset, number)
		}
		if p.Server.RetryHeader != "" {
			h.Set(p.Server.RetryHeader, number)
		}
		fault := p.Dialect().Classify(status, h, body, now)
		if fault.Class == "" || fault.Message == "" || fault.RetryAfter < 0 || fault.RetryAfter > 24*time.Hour {
			t.Errorf("got %+v", fault)
		}
		for _, l := range p.Dialect().Signals(h, now).Limits {
			if l.PerMinute <= 0 || l.Remaining < 0 {
				t.Errorf("got %+v, want a limit that counts something", l)
			}
		}
	})
}

func BenchmarkSignals(b *testing.B) {
	d := dialect(b, "groq")
	h := headers("x-ratelimit-limit-requests", "14400", "x-ratelimit-remaining-requests", "14370", "x-ratelimit-reset-requests", "2m59.56s",
		"x-ratelimit-limit-tokens", "18000", "x-ratelimit-remaining-tokens", "17997", "x-ratelimit-reset-tokens", "7.66s")
	b.ReportAllocs()
	for b.Loop() {
		d.Signals(h, now)
	}
}
