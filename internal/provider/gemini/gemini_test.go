package gemini_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/gemini"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// now is 1:00 in California.
var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// refusal is a body as the compatible endpoint sends it.
func refusal(message string, details ...string) string {
	return `[{"error":{"code":429,"message":"` + message + `","status":"RESOURCE_EXHAUSTED","details":[` + strings.Join(details, ",") + `]}}]`
}

func failure(ids ...string) string {
	var violations []string
	for _, id := range ids {
		violations = append(violations, `{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"`+id+`","quotaDimensions":{"model":"gemini-2.5-pro","location":"global"}}`)
	}
	return `{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[` + strings.Join(violations, ",") + `]}`
}

const (
	help      = `{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]}`
	retryInfo = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"46s"}`
	perMinute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
	perDay    = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
	allPerDay = "GenerateRequestsPerDayPerProject"
	exceeded  = `You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: `
)

func TestQuota(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	value0 := strings.Replace(failure(perDay), `"quotaDimensions"`, `"quotaValue":"0","quotaDimensions"`, 1)
	value20 := strings.Replace(failure(perDay), `"quotaDimensions"`, `"quotaValue":"20","quotaDimensions"`, 1)
	tests := []struct {
		name, body string
		class      upstream.Class
		after      time.Duration
		until      time.Time
	}{
		{"a minute's", refusal(exceeded+"10", failure(perMinute), help, retryInfo), upstream.RateLimit, 46 * time.Second, time.Time{}},
		{"a day's, whatever the delay", refusal(exceeded+"20", failure(perDay), help, retryInfo), upstream.RateLimit, 23 * time.Hour, midnight},
		{"a day's with its value", refusal(exceeded+"20", value20), upstream.RateLimit, 23 * time.Hour, midnight},
		{"both", refusal(exceeded+"20", help, failure(perMinute, perDay), retryInfo), upstream.RateLimit, 23 * time.Hour, midnight},
		{"a day's in two details", refusal("x", failure(perMinute), failure(perDay)), upstream.RateLimit, 23 * time.Hour, midnight},
		{"a day's of the whole project", refusal("x", failure(allPerDay), retryInfo), upstream.SpendCap, 23 * time.Hour, midnight},
		{"limit 0 of a model", refusal(exceeded+`0, model: gemini-2.5-pro\nPlease retry in 23.1s.`, failure(perMinute, perDay), retryInfo), upstream.Permission, 0, time.Time{}},
		{"limit 0 in the value", refusal("x", value0, retryInfo), upstream.Permission, 0, time.Time{}},
		{"limit 0 of the project", refusal(exceeded+"0", failure(allPerDay)), upstream.Billing, 0, time.Time{}},
		{"limit 0 with nothing more", refusal(exceeded + "0"), upstream.Billing, 0, time.Time{}},
		{"no limit 0", refusal(exceeded+`05`, failure(perMinute)), upstream.RateLimit, 0, time.Time{}},
		{"without details", `{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}`, upstream.RateLimit, 0, time.Time{}},
		{"credit", refusal("Your prepayment credits are depleted."), upstream.Billing, 0, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := gemini.New().Classify(429, http.Header{}, []byte(tt.body), now)
			if f.Class != tt.class || f.RetryAfter != tt.after || !f.Until.Equal(tt.until) {
				t.Errorf("got %s after %v until %v, want %s after %v until %v", f.Class, f.RetryAfter, f.Until, tt.class, tt.after, tt.until)
			}
		})
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	body := func(code, status, message string) string {
		return `[{"error":{"code":` + code + `,"message":"` + message + `","status":"` + status + `"}}]`
	}
	tests := []struct {
		name   string
		status int
		body   string
		want   upstream.Class
	}{
		{"key", 400, body("400", "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), upstream.Auth},
		{"key expired", 400, body("400", "INVALID_ARGUMENT", "API key expired. Please renew the API key."), upstream.Auth},
		{"key leaked", 403, body("403", "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."), upstream.Auth},
		{"API off", 403, body("403", "PERMISSION_DENIED", "Generative Language API has not been used in project 681255809395 before or it is disabled."), upstream.Auth},
		{"suspended", 403, body("403", "PERMISSION_DENIED", "Permission denied: Consumer 'api_key:AIzaSyA1234567890abcdef' has been suspended."), upstream.Hold},
		{"country", 400, body("400", "FAILED_PRECONDITION", "User location is not supported for the API use."), upstream.Provider},
		{"field", 400, body("400", "INVALID_ARGUMENT", `Invalid JSON payload received. Unknown name \"store\": Cannot find field.`), upstream.Client},
		{"context", 400, body("400", "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."), upstream.Context},
		{"model", 404, body("404", "NOT_FOUND", "models/gemini-9 is not found for API version v1main, or is not supported for generateContent."), upstream.UnknownModel},
		{"overload", 503, body("503", "UNAVAILABLE", "The model is overloaded. Please try again later."), upstream.Overload},
		{"too slow", 504, body("504", "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."), upstream.Timeout},
		{"fault", 500, body("500", "INTERNAL", "An internal error has occurred."), upstream.Provider},
		{"credit", 402, body("402", "FAILED_PRECONDITION", "x"), upstream.Billing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := gemini.New().Classify(tt.status, http.Header{}, []byte(tt.body), now)
			if f.Class != tt.want {
				t.Errorf("class %s, want %s (%+v)", f.Class, tt.want, f)
			}
			if strings.Contains(f.Message, "681255809395") || strings.Contains(f.Message, "AIza") {
				t.Errorf("message %q names the project or the key", f.Message)
			}
		})
	}
}

// Without a time-zone database the rule of the clocks must still be right: on
// ordinary days, and on and around the days on which they change.
func TestMidnightInCalifornia(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatalf("a test needs the database that the program does without: %v", err)
	}
	body := []byte(refusal("x", failure(perDay)))
	for at := time.Date(2024, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2031; at = at.Add(5 * time.Hour) { // meets every hour in turn
		y, m, d := at.In(zone).Date()
		want := time.Date(y, m, d+1, 0, 0, 0, 0, zone)
		if got := gemini.New().Classify(429, http.Header{}, body, at).Until; !got.Equal(want) {
			t.Fatalf("at %v: until %v, want %v", at, got, want.UTC())
		}
	}
}

// Fields that the endpoint refuses are left out, and that is said.
func TestFieldsLeftOut(t *testing.T) {
	t.Parallel()
	req, err := chat.Parse([]byte(`{"model":"m","store":false,"messages":[{"role":"user","content":"x"}],"seed":1,"reasoning_effort":"low","frequency_penalty":0,"logprobs":true}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := gemini.New().EncodeChat(req, "gemini-2.5-flash")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"reasoning_effort":"low","logprobs":true}`
	if string(c.Body) != want || !slices.Equal(c.Dropped, []string{"store", "seed", "frequency_penalty"}) {
		t.Errorf("got %s without %v, want %s", c.Body, c.Dropped, want)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	d := gemini.New()
	got, err := d.ParseModels([]byte(`{"object":"list","data":[{"id":"models/gemini-2.5-flash","object":"model","owned_by":"google"},{"id":"gemini-x"}]}`))
	want := []provider.Model{{ID: "gemini-2.5-flash", Owner: "google"}, {ID: "gemini-x"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, models (-want +got):\n%s", err, diff)
	}
	if _, err := d.ParseModels([]byte("<html>")); err == nil {
		t.Error("a page was taken for a list")
	}
	if d.Family("models/gemini-2.5-flash") != d.Family("gemini-2.5-flash") {
		t.Error("one model under two names is two families")
	}
	if got := d.DefaultBaseURL(); got != "https://generativelanguage.googleapis.com/v1beta/openai" {
		t.Errorf("base URL %q", got)
	}
	if s := d.Signals(http.Header{"X-Ratelimit-Limit-Tokens": {"1"}, "X-Ratelimit-Remaining-Tokens": {"0"}}, now); len(s.Limits) != 0 {
		t.Errorf("limits %+v from headers that Google does not send", s.Limits)
	}
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	for api, want := range map[provider.API]bool{
		provider.Embeddings: true, provider.Images: true, provider.Responses: false, provider.Speech: false, provider.Moderations: false,
	} {
		if _, ok := gemini.New().EncodeNative(provider.NativeRequest{API: api, Body: []byte("{}"), Model: "m"}); ok != want {
			t.Errorf("%s: %v, want %v", api, ok, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(429, []byte(refusal(exceeded+"0", failure(perDay, perMinute), retryInfo)), int64(1795338000))
	f.Add(429, []byte(`[{"error":{"details":{"violations":1}}}]`), int64(0))
	f.Add(403, []byte(`{"error":{"message":"project_number:681255809395"}}`), int64(-1))
	f.Fuzz(func(t *testing.T, status int, body []byte, unix int64) {
		at := time.Unix(unix%(1<<33), 0)
		fault := gemini.New().Classify(status, http.Header{}, body, at)
		if fault.Class == "" || fault.Message == "" || fault.RetryAfter < 0 || fault.RetryAfter > 24*time.Hour {
			t.Errorf("got %+v", fault)
		}
		if !fault.Until.IsZero() && (!fault.Until.After(at) || fault.Until.After(at.Add(25*time.Hour))) {
			t.Errorf("until %v at %v", fault.Until, at)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	body := []byte(refusal(exceeded+"20", help, failure(perMinute, perDay), retryInfo))
	b.ReportAllocs()
	for b.Loop() {
		gemini.New().Classify(429, http.Header{}, body, now)
	}
}
