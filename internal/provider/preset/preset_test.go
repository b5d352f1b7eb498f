package preset_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/provider/preset"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func dialect(tb testing.TB, name string) *openai.Dialect {
	tb.Helper()
	p, ok := preset.Find(name)
	if !ok {
		tb.Fatalf("there is no preset %s", name)
	}
	return p.Dialect()
}

func TestNames(t *testing.T) {
	t.Parallel()
	want := []string{"cerebras", "deepseek", "fireworks", "groq", "mistral", "ollama", "openrouter", "together", "vllm", "xai"}
	if diff := cmp.Diff(want, preset.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, ok := preset.Find("acme"); ok {
		t.Error("there is a preset that nobody made")
	}
}

// An entry says where it is from, has an endpoint with a version, and leaves
// nothing to what OpenAI has but where it says so.
func TestEntriesAreComplete(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		p, _ := preset.Find(name)
		u, err := url.Parse(p.Server.BaseURL)
		if err != nil || u.Host == "" || u.Path == "" || u.Path[len(u.Path)-1] == '/' {
			t.Errorf("%s: base URL %q needs a host and the version's path, without a slash behind it", name, p.Server.BaseURL)
		}
		if loopback := u.Hostname() == "127.0.0.1"; u.Scheme != "https" && !loopback {
			t.Errorf("%s: keys would go to %q in clear", name, p.Server.BaseURL)
		}
		if _, err := time.Parse("2006-01", p.Read); err != nil || p.Source == "" {
			t.Errorf("%s: source %q, read %q; want pages and a month", name, p.Source, p.Read)
		}
		if p.Server.APIs == nil || !p.Server.Compatible {
			t.Errorf("%s: the APIs that it has are not said", name)
		}
		if got := p.Dialect().DefaultBaseURL(); got != p.Server.BaseURL {
			t.Errorf("%s: the dialect goes to %q", name, got)
		}
		if p.CachedFree && !p.Prepaid {
			t.Errorf("%s: cache reads are free of a limit that it has not", name)
		}
	}
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]provider.API{
		"groq":       {provider.Responses, provider.Speech},
		"mistral":    {provider.Embeddings, provider.Moderations},
		"deepseek":   nil,
		"cerebras":   {provider.Completions},
		"xai":        {provider.Responses, provider.Images},
		"openrouter": {provider.Responses, provider.Completions, provider.Embeddings},
		"together":   {provider.Completions, provider.Embeddings, provider.Images, provider.Speech, provider.Rerank},
		"fireworks":  {provider.Responses, provider.Completions, provider.Embeddings, provider.Rerank},
		"ollama":     {provider.Responses, provider.Completions, provider.Embeddings},
		"vllm":       {provider.Responses, provider.Completions, provider.Embeddings, provider.Rerank},
	} {
		var got []provider.API
		for _, api := range []provider.API{provider.Messages, provider.Responses, provider.Completions, provider.Embeddings,
			provider.Moderations, provider.Images, provider.Speech, provider.Rerank} {
			if _, ok := dialect(t, name).EncodeNative(provider.NativeRequest{API: api, Body: []byte("{}"), Model: "m"}); ok {
				got = append(got, api)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Mistral answers 422 to fields that it does not know.
func TestMistralFields(t *testing.T) {
	t.Parallel()
	req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true,"stream_options":{"include_usage":true},"store":false,"max_completion_tokens":9}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := dialect(t, "mistral").EncodeChat(req, "mistral-large-2512")
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"model":"mistral-large-2512","messages":[{"role":"user","content":"x"}],"stream":true,"max_tokens":9}`; string(c.Body) != want {
		t.Errorf("got %s, want %s", c.Body, want)
	}
	if want := []string{"stream_options", "store"}; !slices.Equal(c.Dropped, want) {
		t.Errorf("dropped %v, want %v", c.Dropped, want)
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, model, want string }{
		{"openrouter", "deepseek/deepseek-r1:free", ":free"},
		{"openrouter", "google/gemma-4-31b-it:free", ":free"},
		{"openrouter", "openai/gpt-4o-2024-08-06", "openai/gpt-4o-2024-08-06"},
		{"groq", "llama-3.3-70b-versatile", "llama-3.3-70b-versatile"},
		{"fireworks", "accounts/fireworks/models/kimi-k3", "accounts/fireworks/models/kimi-k3"},
	} {
		if got := dialect(t, tt.name).Family(tt.model); got != tt.want {
			t.Errorf("%s: family of %s is %s, want %s", tt.name, tt.model, got, tt.want)
		}
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	limit := func(d upstream.Dimension, size, left int64, full time.Duration) upstream.Limit {
		l := upstream.Limit{Dimension: d, PerMinute: size, Remaining: left}
		if full > 0 {
			l.FullAt = now.Add(full)
		}
		return l
	}
	tests := []struct {
		name, preset string
		header       http.Header
		want         []upstream.Limit
	}{
		{"Groq's requests are per day", "groq", headers(
			"x-ratelimit-limit-requests", "14400", "x-ratelimit-remaining-requests", "14370", "x-ratelimit-reset-requests", "2m59.56s",
			"x-ratelimit-limit-tokens", "18000", "x-ratelimit-remaining-tokens", "17997", "x-ratelimit-reset-tokens", "7.66s"),
			[]upstream.Limit{limit(upstream.Tokens, 18000, 17997, 7660*time.Millisecond)}},
		{"Cerebras by minute and day", "cerebras", headers(
			"x-ratelimit-limit-requests-day", "14400", "x-ratelimit-remaining-requests-day", "14399", "x-ratelimit-reset-requests-day", "33011.38",
			"x-ratelimit-limit-tokens-minute", "60000", "x-ratelimit-remaining-tokens-minute", "59988", "x-ratelimit-reset-tokens-minute", "11.5"),
			[]upstream.Limit{limit(upstream.Tokens, 60000, 59988, 11500*time.Millisecond)}},
		{"Mistral", "mistral", headers(
			"x-ratelimit-limit-req-minute", "50", "x-ratelimit-remaining-req-minute", "49", "x-ratelimit-limit-tokens-minute", "50000",
			"x-ratelimit-remaining-tokens-minute", "47300", "x-ratelimit-tokens-query-cost", "1300"),
			[]upstream.Limit{limit(upstream.Requests, 50, 49, 0), limit(upstream.Tokens, 50000, 47300, 0)}},
		{"Mistral as it was", "mistral", headers("x-ratelimitbysize-limit-minute", "500000", "x-ratelimitbysize-remaining-minute", "499904", "ratelimitbysize-reset", "25",
			"x-ratelimitbysize-limit-month", "1000000000", "x-ratelimitbysize-remaining-month", "5"),
			[]upstream.Limit{limit(upstream.Tokens, 500000, 499904, 25*time.Second)}},
		{"xAI as OpenAI", "xai", headers("x-ratelimit-limit-requests", "480", "x-ratelimit-remaining-requests", "479", "x-ratelimit-limit-tokens", "2000000", "x-ratelimit-remaining-tokens", "1999000"),
			[]upstream.Limit{limit(upstream.Requests, 480, 479, 0), limit(upstream.Tokens, 2000000, 1999000, 0)}},
		{"Fireworks' are by the second and adapt", "fireworks", headers("x-ratelimit-limit-tokens-prompt", "60000", "x-ratelimit-limit-tokens-generated", "600",
			"x-ratelimit-limit-requests", "600", "x-ratelimit-remaining-requests", "599"), nil},
		{"Together AI's too", "together", headers("x-ratelimit-limit", "10", "x-ratelimit-remaining", "9", "x-tokenlimit-limit", "3000", "x-tokenlimit-remaining", "2900"), nil},
		{"DeepSeek has none", "deepseek", headers("x-ratelimit-limit-requests", "1", "x-ratelimit-remaining-requests", "0"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, dialect(t, tt.preset).Signals(tt.header, now).Limits); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}
