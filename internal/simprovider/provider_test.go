package simprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func TestZeroConfigAnswersInBothDialects(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	for _, tt := range []struct{ path, body, text string }{
		{messagesPath, haiku, "content.0.text"},
		{chatPath, gpt, "choices.0.message.content"},
	} {
		w := ask(p, tt.path, "sim-key-4", tt.body)
		if got := gjson.Get(w.Body.String(), tt.text).Str; w.Code != 200 || !strings.HasPrefix(got, dialogue.Echo("hello")) {
			t.Errorf("%s: %d %s", tt.path, w.Code, w.Body)
		}
	}
	total := p.Stats().Total()
	if total.Requests != 2 || total.Answered != 2 || total.InFlight != 0 || total.OutputTokens == 0 {
		t.Errorf("stats %+v, want two answered", total)
	}
}

func TestStreamSaysTheSameAsTheWhole(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	var text strings.Builder
	for line := range strings.Lines(ask(p, messagesPath, "sim-key-1", haikuStream).Body.String()) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			text.WriteString(gjson.Get(data, "delta.text").Str)
		}
	}
	if want := gjson.Get(ask(p, messagesPath, "sim-key-1", haiku).Body.String(), "content.0.text").Str; text.String() != want {
		t.Errorf("streamed %q, whole %q", text.String(), want)
	}
}

func TestSameSeedSameAnswers(t *testing.T) {
	t.Parallel()
	clock := newClock()
	one := ask(New(Config{Seed: 7, Now: clock.Now}), messagesPath, "sim-key-1", haiku)
	two := ask(New(Config{Seed: 7, Now: clock.Now}), messagesPath, "sim-key-1", haiku)
	if diff := cmp.Diff(one.Body.String(), two.Body.String()); diff != "" {
		t.Errorf("bodies differ:\n%s", diff)
	}
	if other := ask(New(Config{Seed: 8, Now: clock.Now}), messagesPath, "sim-key-1", haiku); other.Header().Get("request-id") == one.Header().Get("request-id") {
		t.Error("another seed gave the same request id")
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	tests := []struct {
		name   string
		path   string
		header http.Header
		status int
		kind   string
	}{
		{"x-api-key", messagesPath, http.Header{"X-Api-Key": {"sim-key-1"}}, 200, ""},
		{"bearer to Anthropic", messagesPath, http.Header{"Authorization": {"Bearer sim-key-1"}}, 200, ""},
		{"both", messagesPath, http.Header{"X-Api-Key": {"sim-key-1"}, "Authorization": {"Bearer other"}}, 200, ""},
		{"unknown to Anthropic", messagesPath, http.Header{"X-Api-Key": {"nope"}}, 401, "authentication_error"},
		{"nothing to Anthropic", messagesPath, http.Header{}, 401, "authentication_error"},
		{"unknown to OpenAI", chatPath, http.Header{"Authorization": {"Bearer nope"}}, 401, "invalid_request_error"},
		{"another scheme", chatPath, http.Header{"Authorization": {"Basic sim-key-1"}}, 401, "invalid_request_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := map[string]string{messagesPath: haiku, chatPath: gpt}[tt.path]
			r := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(body))
			r.Header = tt.header
			r.Header.Set("anthropic-version", "2023-06-01")
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			if got := gjson.Get(w.Body.String(), "error.type").Str; w.Code != tt.status || got != tt.kind {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.kind)
			}
			if tt.status == 401 && w.Header().Get("anthropic-organization-id")+w.Header().Get("openai-organization") != "" {
				t.Error("a stranger was told an organisation")
			}
		})
	}
}

func TestUnauthenticatedIsCounted(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	ask(p, messagesPath, "nope", haiku)
	if s := p.Stats(); s.Unauthenticated != 1 || s.Total().Requests != 0 {
		t.Errorf("stats %+v, want one unauthenticated and no request", s)
	}
}

// TestKeysOfOneOrganisationShareItsQuota is the fact the whole gateway is
// about: a second key of the same organisation buys nothing.
func TestKeysOfOneOrganisationShareItsQuota(t *testing.T) {
	t.Parallel()
	clock := newClock()
	p := New(Config{Organisations: Organisations(2, 2, Limits{Requests: 3, InputTokens: 1000, OutputTokens: 5000}), Now: clock.Now})
	for i := range 3 {
		if w := ask(p, messagesPath, fmt.Sprintf("sim-key-%d", i%2+1), haiku); w.Code != 200 {
			t.Fatalf("request %d: %d %s", i, w.Code, w.Body)
		}
	}
	clock.advance(500 * time.Millisecond)
	w := ask(p, messagesPath, "sim-key-2", haiku)
	if w.Code != 429 || w.Header().Get("retry-after") != "20" {
		t.Errorf("%d retry-after %q, want 429 after 20", w.Code, w.Header().Get("retry-after"))
	}
	for _, want := range []string{"3 requests per minute", "model: claude-haiku-4-5", "org: " + w.Header().Get("anthropic-organization-id")} {
		if !strings.Contains(gjson.Get(w.Body.String(), "error.message").Str, want) {
			t.Errorf("message %s lacks %q", w.Body, want)
		}
	}
	if got := w.Header().Get("anthropic-ratelimit-requests-remaining"); got != "0" {
		t.Errorf("remaining %q on a 429, want 0", got)
	}
	if w := ask(p, messagesPath, "sim-key-3", haiku); w.Code != 200 {
		t.Errorf("the other organisation is refused too: %s", w.Body)
	}
	if w := ask(p, messagesPath, "sim-key-1", strings.Replace(haiku, "haiku", "sonnet", 1)); w.Code != 200 {
		t.Errorf("another model family is refused too: %s", w.Body)
	}
	clock.advance(20 * time.Second)
	if w := ask(p, messagesPath, "sim-key-1", haiku); w.Code != 200 {
		t.Errorf("refused after waiting: %s", w.Body)
	}
	if s := p.Stats(); s.Keys["sim-key-2"].Refused["requests"] != 1 || s.Organisations["org-1"].Limited() != 1 || s.Keys["sim-key-2"].Wasted != 0 {
		t.Errorf("stats %+v, want one refusal by requests, not wasted", s.Keys["sim-key-2"])
	}
}

func TestFamiliesHaveTheirOwnLimits(t *testing.T) {
	t.Parallel()
	org := Organisation{Name: "o", Keys: []string{"sim-key-1"}, Families: map[string]Limits{"claude-haiku-4-5": {Requests: 7}}, Limits: Limits{Requests: 9}}
	p := New(Config{Organisations: []Organisation{org}})
	for model, want := range map[string]string{"claude-haiku-4-5": "7", "claude-haiku-4-5-20251001": "7", "claude-sonnet-4-5": "9"} {
		w := ask(p, messagesPath, "sim-key-1", strings.Replace(haiku, "claude-haiku-4-5", model, 1))
		if got := w.Header().Get("anthropic-ratelimit-requests-limit"); got != want {
			t.Errorf("%s: limit %q, want %q", model, got, want)
		}
	}
}

func TestChargesWhatWasReallyUsed(t *testing.T) {
	t.Parallel()
	clock := newClock()
	p := New(Config{Organisations: Organisations(1, 1, Limits{Requests: 100, InputTokens: 10_000, OutputTokens: 10_000}), Now: clock.Now})
	w := ask(p, messagesPath, "sim-key-1", haiku)
	usage := gjson.Get(w.Body.String(), "usage")
	levels := p.orgs["org-1"].group("claude-haiku-4-5", clock.Now()).Levels(clock.Now())
	got := [3]int64{levels[0].Remaining, levels[1].Remaining, levels[2].Remaining}
	want := [3]int64{99, 10_000 - usage.Get("input_tokens").Int(), 10_000 - usage.Get("output_tokens").Int()}
	if got != want {
		t.Errorf("remaining %v after usage %s, want %v", got, usage.Raw, want)
	}
}

func TestOpenAIReservesMaxTokens(t *testing.T) {
	t.Parallel()
	clock := newClock()
	p := New(Config{Organisations: Organisations(1, 1, Limits{Requests: 100, Tokens: 10_000}), Now: clock.Now})
	body := strings.Replace(gpt, "{", `{"max_completion_tokens":6000,`, 1)
	first, second := ask(p, chatPath, "sim-key-1", body), ask(p, chatPath, "sim-key-1", body)
	if first.Code != 200 || second.Code != 429 {
		t.Fatalf("%d and %d, want 200 and then 429 although little was written", first.Code, second.Code)
	}
	if got := second.Header().Get("x-ratelimit-remaining-tokens"); got != "3995" {
		t.Errorf("remaining %q, want 3995", got)
	}
	if second.Header().Get("retry-after") == "" || second.Header().Get("retry-after-ms") == "" {
		t.Errorf("headers %v lack retry-after", second.Header())
	}
}

func TestPromptCache(t *testing.T) {
	t.Parallel()
	clock := newClock()
	p := New(Config{Organisations: Organisations(2, 2, Limits{InputTokens: 1_000_000}), Now: clock.Now})
	body := `{"model":"claude-haiku-4-5","max_tokens":5,"messages":[{"role":"user","content":"hello"}],"system":[{"type":"text","text":"` +
		strings.Repeat("rule ", 1000) + `","cache_control":{"type":"ephemeral"}}]}`
	use := func(key string) string {
		u := gjson.Get(ask(p, messagesPath, key, body).Body.String(), "usage")
		return fmt.Sprintf("in %d write %d read %d", u.Get("input_tokens").Int(), u.Get("cache_creation.ephemeral_5m_input_tokens").Int(), u.Get("cache_read_input_tokens").Int())
	}
	steps := []struct{ name, key, want string }{
		{"cold", "sim-key-1", "in 5 write 1250 read 0"},
		{"warm, through another key", "sim-key-2", "in 5 write 0 read 1250"},
		{"cold in another organisation", "sim-key-3", "in 5 write 1250 read 0"},
	}
	for _, s := range steps {
		if got := use(s.key); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
	}
	left := p.orgs["org-1"].group("claude-haiku-4-5", clock.Now()).Levels(clock.Now())[0].Remaining
	if want := int64(1_000_000 - 1255 - 5); left != want {
		t.Errorf("%d input tokens left, want %d: reads from the cache are free", left, want)
	}
	clock.advance(5 * time.Minute)
	if got, want := use("sim-key-1"), "in 5 write 1250 read 0"; got != want {
		t.Errorf("after five minutes: %s, want %s", got, want)
	}
}

func TestKeysCanBeRotated(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(2, 1, Roomy)})
	if !p.Revoke("sim-key-1") || p.Revoke("sim-key-1") || p.Revoke("nope") {
		t.Error("Revoke must report whether the key was accepted")
	}
	if w := ask(p, messagesPath, "sim-key-1", haiku); w.Code != 401 {
		t.Errorf("a revoked key gets %d", w.Code)
	}
	for _, key := range []string{"sim-key-1", "sim-key-new"} {
		if err := p.Accept("org-1", key); err != nil {
			t.Fatal(err)
		}
		if w := ask(p, messagesPath, key, haiku); w.Code != 200 {
			t.Errorf("%s: an accepted key gets %d", key, w.Code)
		}
	}
	if err := p.Accept("nobody", "x"); err == nil {
		t.Error("an unknown organisation got a key")
	}
	if err := p.Accept("org-1", "sim-key-2"); err == nil {
		t.Error("one organisation took the key of another")
	}
}

func TestModelsInTheCallersDialect(t *testing.T) {
	t.Parallel()
	p := New(Config{Models: []string{"local/*"}})
	tests := []struct {
		name, path string
		header     [2]string
		status     int
		field      string
	}{
		{"anthropic by version", "/v1/models?limit=1", [2]string{"anthropic-version", "2023-06-01"}, 200, "has_more"},
		{"openai", "/v1/models", [2]string{"x-other", ""}, 200, "object"},
		{"one", "/v1/models/claude-opus-5", [2]string{"anthropic-version", "2023-06-01"}, 200, "display_name"},
		{"one with a slash", "/v1/models/local/llama", [2]string{"x-other", ""}, 200, "owned_by"},
		{"none", "/v1/models/nope", [2]string{"x-other", ""}, 404, "error.message"},
		{"no such path", "/v1/nothing", [2]string{"anthropic-version", "2023-06-01"}, 404, "request_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRequest(context.Background(), http.MethodGet, tt.path, "sim-key-1", "")
			r.Header.Set(tt.header[0], tt.header[1])
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			if w.Code != tt.status || !gjson.Get(w.Body.String(), tt.field).Exists() {
				t.Errorf("%d %s, want %d with %s", w.Code, w.Body, tt.status, tt.field)
			}
		})
	}
}

func TestCountTokens(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	w := ask(p, messagesPath+"/count_tokens", "sim-key-1", strings.Replace(haiku, `"max_tokens":100,`, "", 1))
	if w.Code != 200 || w.Body.String() != `{"input_tokens":5}` {
		t.Errorf("%d %s, want 5 tokens", w.Code, w.Body)
	}
	if w := ask(p, messagesPath+"/count_tokens", "sim-key-1", haiku); w.Code != 400 {
		t.Errorf("%d for a body with max_tokens, want 400", w.Code)
	}
	if n := p.Stats().Total().Requests; n != 0 {
		t.Errorf("%d generations counted, want none", n)
	}
}

func TestInvalidRequestsCostNothing(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(1, 1, Limits{Requests: 1})})
	for range 3 {
		if w := ask(p, messagesPath, "sim-key-1", `{}`); w.Code != 400 {
			t.Fatalf("%d, want 400", w.Code)
		}
	}
	if w := ask(p, messagesPath, "sim-key-1", haiku); w.Code != 200 {
		t.Errorf("%d %s, want 200", w.Code, w.Body)
	}
	if got := p.Stats().Keys["sim-key-1"].Refused["invalid"]; got != 3 {
		t.Errorf("%d invalid, want 3", got)
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	for _, path := range []string{messagesPath, messagesPath + "/count_tokens"} {
		r := newRequest(context.Background(), http.MethodPost, path, "sim-key-1", "")
		r.Body = io.NopCloser(io.LimitReader(zeros{}, maxBody+1))
		w := httptest.NewRecorder()
		New(Config{}).ServeHTTP(w, r)
		if w.Code != 413 || !strings.HasPrefix(w.Body.String(), "<html>") {
			t.Errorf("%s: %d %.40s, want a 413 page", path, w.Code, w.Body)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestNewRefusesAmbiguousConfigs(t *testing.T) {
	t.Parallel()
	for name, orgs := range map[string][]Organisation{
		"no name":      {{}},
		"a name twice": {{Name: "a"}, {Name: "a"}},
		"a key twice":  {{Name: "a", Keys: []string{"k"}}, {Name: "b", Keys: []string{"k"}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: New accepted it", name)
				}
			}()
			New(Config{Organisations: orgs})
		}()
	}
}

func TestOrganisationIDs(t *testing.T) {
	t.Parallel()
	one, two := newOrganisation(Organisation{Name: "a"}), newOrganisation(Organisation{Name: "b"})
	if one.ID == two.ID || one.workspace == two.workspace || len(one.ID) != 36 {
		t.Errorf("ids %q and %q, want two UUIDs", one.ID, two.ID)
	}
	if own := newOrganisation(Organisation{Name: "a", ID: "mine"}); own.ID != "mine" {
		t.Errorf("id %q, want the configured one", own.ID)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(1, 1, Limits{Requests: 1})})
	ask(p, messagesPath, "sim-key-1", haiku)
	ask(p, messagesPath, "nope", haiku)
	p.Inject(Fault{Effect: "overloaded"})
	p.Reset()
	if diff := cmp.Diff(Stats{Organisations: map[string]Counts{"org-1": {}}, Keys: map[string]Counts{"sim-key-1": {}}}, p.Stats()); diff != "" {
		t.Errorf("stats after Reset (-want +got):\n%s", diff)
	}
	if w := ask(p, messagesPath, "sim-key-1", haiku); w.Code != 200 {
		t.Errorf("%d %s after Reset, want 200", w.Code, w.Body)
	}
}

func TestStatsAreACopy(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	ask(p, messagesPath, "sim-key-1", `{}`)
	p.Stats().Keys["sim-key-1"].Refused["invalid"] = 99
	if got := p.Stats().Keys["sim-key-1"].Refused["invalid"]; got != 1 {
		t.Errorf("invalid = %d, want 1: the caller changed the ledger", got)
	}
	if _, err := json.Marshal(p.Stats()); err != nil {
		t.Error(err)
	}
}
