package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// provider answers whole chat completions in both dialects and remembers the
// paths and credentials it was asked with.
func provider(t *testing.T) (url string, seen *[]string) {
	t.Helper()
	seen = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("X-Api-Key"))
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("compression was asked for: %v", r.Header)
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/away"):
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case strings.HasSuffix(r.URL.Path, "/messages"):
			_, _ = io.WriteString(w, `{"id":"msg_1","type":"message","model":"m","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`)
		default:
			_, _ = io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}`)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, seen
}

func parse(t *testing.T, pool string) *config.Config {
	t.Helper()
	doc, err := config.Parse([]byte("version: 1\npools:\n  p: "+pool+"\nmodels: {\"*\": {targets: [{pool: p}]}}\nclients: {auth: none}\n"), "test")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// post asks the gateway for a completion and returns status and body.
func post(t *testing.T, h http.Handler) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions",
		strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"a private prompt"}]}`)))
	return w.Code, w.Body.String()
}

// TestNewServes: every provider of the document becomes a pool that answers,
// with its credential at the right place and neither it nor the prompt in the log.
func TestNewServes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		provider, base, secret, want string
	}{
		{"anthropic", "", "env:KEY", "/v1/messages planted"},
		{"anthropic", "/", "env:KEY", "/v1/messages planted"},
		{"openai", "/v1", "env:KEY", "/v1/chat/completions Bearer planted"},
		{"claude-aws, workspace: w", "", "env:KEY", "/v1/messages Bearer planted"},
		{"openai-compatible", "/api", "secretsmanager:app/keys#one", "/api/chat/completions Bearer planted"},
	}
	manager.Put("app/keys", `{"one":"planted"}`)
	for _, tt := range tests {
		t.Run(tt.provider+tt.base, func(t *testing.T) {
			t.Parallel()
			url, seen := provider(t)
			var log bytes.Buffer
			ran := 0
			g, err := app.New(app.Config{
				Document: parse(t, "{provider: "+tt.provider+", base_url: \""+url+tt.base+"\", keys: [{name: k, secret: \""+tt.secret+"\"}]}"),
				Table:    embedded.NewMemory(), Environ: []string{"KEY=planted"},
				After: func(ctx context.Context, f func(context.Context)) { ran++; f(ctx) },
				Log:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if err != nil {
				t.Fatal(err)
			}
			if status, body := post(t, g); status != 200 || !strings.Contains(body, `"content":"ok"`) {
				t.Errorf("%d %s, want 200", status, body)
			}
			if len(*seen) != 1 || (*seen)[0] != tt.want {
				t.Errorf("the provider saw %q, want %q", *seen, tt.want)
			}
			if text := log.String(); ran != 1 || !strings.Contains(text, "msg=request") || strings.Contains(text, "planted") || strings.Contains(text, "private prompt") {
				t.Errorf("ran %d times after the answer; log:\n%s", ran, text)
			}
		})
	}
}

// TestConfiguredLimitsHold where the provider tells none: of one request a
// minute the second does not reach it.
func TestConfiguredLimitsHold(t *testing.T) {
	t.Parallel()
	url, seen := provider(t)
	g, err := app.New(app.Config{
		Document: parse(t, "{provider: openai, base_url: \""+url+"/v1\", keys: [{name: k, secret: \"env:KEY\"}], wait_budget: 0s, limits: {requests: 1}}"),
		Table:    embedded.NewMemory(), Environ: []string{"KEY=planted"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{200, 429} {
		if got, body := post(t, g); got != want {
			t.Errorf("status %d, want %d: %s", got, want, body)
		}
	}
	if len(*seen) != 1 {
		t.Errorf("the provider was asked %d times, want once", len(*seen))
	}
}

// TestRedirectsAreNotFollowed: a credential stays with the host it is for.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	url, seen := provider(t)
	g, err := app.New(app.Config{
		Document: parse(t, "{provider: openai, base_url: \""+url+"/away\", keys: [{name: k, secret: \"env:KEY\"}]}"),
		Table:    embedded.NewMemory(), Environ: []string{"KEY=planted"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := post(t, g); status != 502 {
		t.Errorf("status %d, want 502", status)
	}
	for _, call := range *seen {
		if strings.HasPrefix(call, "/elsewhere") {
			t.Errorf("the redirect was followed: %v", *seen)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		pool config.Pool
		says string
	}{
		{"unknown provider", config.Pool{Provider: "carrier-pigeon"}, `pools.p: provider "carrier-pigeon"`},
		{"secret that is no reference", config.Pool{Provider: "openai", Keys: []config.Key{{Name: "k", Secret: "planted"}}}, "pools.p: keys.k: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc := &config.Config{Pools: map[string]config.Pool{"p": tt.pool}}
			_, err := app.New(app.Config{Document: doc, Table: embedded.NewMemory()})
			if err == nil || !strings.HasPrefix(err.Error(), tt.says) || strings.Contains(err.Error(), "planted") {
				t.Errorf("got %v, want one that begins %q", err, tt.says)
			}
		})
	}
}

// TestDefaultBaseURL: a pool without one asks the provider itself. The call is
// not made: its secret is missing.
func TestDefaultBaseURL(t *testing.T) {
	t.Parallel()
	g, err := app.New(app.Config{Document: parse(t, "{provider: anthropic, keys: [{name: k, secret: \"env:KEY\"}]}"), Table: embedded.NewMemory()})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := post(t, g); status != 503 || !strings.Contains(body, "key_unreadable") {
		t.Errorf("%d %s, want 503 key_unreadable", status, body)
	}
}

// TestSecrets: one cache reads from all places that a document can name.
func TestSecrets(t *testing.T) {
	t.Parallel()
	manager.Put("app/token", "from-manager")
	before := manager.Reads("app/token")
	cache := app.Secrets([]string{"NAME=from-env"}, slog.New(slog.DiscardHandler))
	for ref, want := range map[string]string{"env:NAME": "from-env", "secretsmanager:app/token": "from-manager"} {
		for range 2 { // the second time from memory
			r, err := secret.ParseRef(ref)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := cache.Get(t.Context(), r); err != nil || got.Reveal() != want {
				t.Errorf("%s: %v, want its value", ref, err)
			}
		}
	}
	if got := manager.Reads("app/token") - before; got != 1 {
		t.Errorf("Secrets Manager was asked %d times, want once", got)
	}
}

// TestDynamo: the table is opened without a call; one that cannot be reached
// shows when it is used.
func TestDynamo(t *testing.T) {
	t.Parallel()
	table, err := app.Dynamo(t.Context(), "state")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Query(ctx, "pool#p"); err == nil {
		t.Error("a table that nobody serves answered")
	}
}
