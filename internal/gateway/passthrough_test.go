package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// raw is a gateway whose pool main, of OpenAI's, is open to raw calls.
func raw(t *testing.T, answer transport) *inProcess {
	t.Helper()
	return newInProcessOf(t, func(d *config.Config) {
		for name, p := range d.Pools {
			p.Provider, p.Passthrough = config.ProviderOpenAI, name == "main"
			d.Pools[name] = p
		}
	}, upstreamOf{name: "main", keys: []string{"k1"}, answer: answer}, upstreamOf{name: "closed", keys: []string{"k2"}, answer: answer})
}

func TestPassthrough(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path string
		asks               string // of the provider; empty: 404
	}{
		{"by the pool's name", "POST", "/main/v1/anything/new?a=b&key=mine", "/v1/anything/new?a=b"},
		{"by the provider's", "DELETE", "/openai/v1/assistants/asst_1", "/v1/assistants/asst_1"},
		{"escaped", "GET", "/main/v1/models/arn%3Aaws%2Fx", "/v1/models/arn%3Aaws%2Fx"},
		{"not one step up", "GET", "/main/../admin/v1/pools", "none"},
		{"a pool that is closed", "GET", "/closed/v1/models", ""},
		{"a provider without a pool", "GET", "/anthropic/v1/models", ""},
		{"nothing of the kind", "GET", "/v1/nothing", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := ""
			p := raw(t, func(r *http.Request) (*http.Response, error) {
				if r.Method != tt.method {
					t.Errorf("method = %s, want %s", r.Method, tt.method)
				}
				asked = r.URL.RequestURI()
				return reply(r, 201, http.Header{"Content-Type": {"text/plain"}, "X-Ratelimit-Limit-Requests": {"5"}}, strings.NewReader("done"))
			})
			w := p.do(t.Context(), tt.method, tt.path, "{}")
			switch {
			case tt.asks == "none":
				if asked != "" {
					t.Errorf("the provider was asked for %s", asked)
				}
			case tt.asks == "":
				wantAnswer(t, w.Code, w.Body.String(), 404, "not_found")
			case w.Code != 201 || asked != tt.asks || w.Body.String() != "done" || w.Header().Get("X-Ratelimit-Limit-Requests") != "":
				t.Errorf("%d %s %v, asked for %s; want the provider's answer to %s without its limits", w.Code, w.Body, w.Header(), asked, tt.asks)
			}
		})
	}
}

// TestPassthroughHeaders: what is the client's own stays here.
func TestPassthroughHeaders(t *testing.T) {
	t.Parallel()
	var got http.Header
	p := raw(t, func(r *http.Request) (*http.Response, error) {
		got = r.Header
		return saying("{}")(r)
	})
	p.do(t.Context(), "POST", "/main/v1/x", "{}", "Authorization", "Bearer client's", "X-Api-Key", "client's", "Api-Key", "client's", "Cookie", "a=b",
		"Connection", "close, x-hop", "X-Hop", "1", "X-Forwarded-For", "203.0.113.5", "Openai-Organization", "org-x", "X-Fallow-Session-Id", "s",
		"Openai-Beta", "new", "Content-Type", "application/json", "X-Custom", "kept")
	for _, name := range []string{"X-Api-Key", "Api-Key", "Cookie", "Connection", "X-Hop", "X-Forwarded-For", "Openai-Organization", "X-Fallow-Session-Id"} {
		if got.Get(name) != "" {
			t.Errorf("%s went out", name)
		}
	}
	for name, want := range map[string]string{"Authorization": "Bearer secret-of-k1", "Openai-Beta": "new", "Content-Type": "application/json", "X-Custom": "kept"} {
		if got.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Get(name), want)
		}
	}
}

// TestPassthroughIsGuarded as everything is: by a key and by the size of the body.
func TestPassthroughIsGuarded(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcessOf(t, func(d *config.Config) {
		d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}}}
		d.Pools["main"] = config.Pool{Passthrough: true}
		d.Limits.BodyBytes = 1024
	}, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, saying("{}"))})
	p.secrets.values["BOT"] = "bot-token"
	if w := p.do(t.Context(), "GET", "/main/v1/models", ""); w.Code != 401 {
		t.Errorf("a stranger: %d, want 401", w.Code)
	}
	if w := p.do(t.Context(), "POST", "/main/v1/x", strings.Repeat("x", 2000), bot...); w.Code != 413 {
		t.Errorf("a large body: %d, want 413", w.Code)
	}
	if calls != 0 {
		t.Errorf("%d calls were made", calls)
	}
}

// TestPassthroughLeavesTheQuota: a limit met there is not one of any model.
func TestPassthroughLeavesTheQuota(t *testing.T) {
	t.Parallel()
	p := raw(t, func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/x") {
			return refusing(429, http.Header{"Retry-After": {"50"}}, slowDown)(r)
		}
		return saying(okBody)(r)
	})
	w := p.do(t.Context(), "POST", "/main/v1/x", "{}")
	wantAnswer(t, w.Code, w.Body.String(), 429, "pool_exhausted")
	w = p.do(t.Context(), "POST", "/main/v1/y", "{}")
	wantAnswer(t, w.Code, w.Body.String(), 429, "pool_exhausted")
	if w := p.post(t.Context(), hello); w.Code != 200 || w.Header().Get("X-Fallow-Target") != "main/m" {
		t.Errorf("%d %s, want chat served by the same pool", w.Code, w.Body)
	}
}

// TestPassthroughStreams: each piece goes out as it comes, and an answer that
// breaks off must not look complete.
func TestPassthroughStreams(t *testing.T) {
	t.Parallel()
	t.Run("breaks off", func(t *testing.T) {
		t.Parallel()
		p := raw(t, func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, nil, io.MultiReader(strings.NewReader("data: 1\n\n"), brokenReader{}))
		})
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if cause := recover(); cause != http.ErrAbortHandler {
					t.Errorf("ended with %v, want the connection cut", cause)
				}
			}()
			p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/main/v1/x", nil))
		}()
		if e := p.only(t); w.Body.String() != "data: 1\n\n" || e.Code != "upstream_unreachable" || e.Status != 200 {
			t.Errorf("%q, event = %d %q", w.Body, e.Status, e.Code)
		}
	})
	t.Run("client leaves", func(t *testing.T) {
		t.Parallel()
		ctx, leave := context.WithCancel(t.Context())
		p := raw(t, func(r *http.Request) (*http.Response, error) {
			leave()
			return stalling("data: 1\n\n")(r)
		})
		p.do(ctx, "GET", "/main/v1/x", "")
		if e := p.only(t); e.Code != "client_gone" {
			t.Errorf("event = %d %q, want client_gone", e.Status, e.Code)
		}
	})
	t.Run("client takes no more", func(t *testing.T) {
		t.Parallel()
		p := raw(t, saying("data: 1\n\n"))
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "/main/v1/x", strings.NewReader(""))
		p.ServeHTTP(&brokenPipe{nowhere{header: http.Header{}}, 3}, r)
		if e := p.only(t); e.Code != "client_gone" {
			t.Errorf("event = %d %q, want client_gone", e.Status, e.Code)
		}
	})
}

// TestPassthroughWithoutAKey says why, in its usual way.
func TestPassthroughWithoutAKey(t *testing.T) {
	t.Parallel()
	p := raw(t, saying("{}"))
	p.secrets.down = true
	w := p.do(t.Context(), "GET", "/main/v1/x", "")
	wantAnswer(t, w.Code, w.Body.String(), 503, "key_unreadable")
	q := raw(t, func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") })
	w = q.do(t.Context(), "GET", "/main/v1/x", "")
	wantAnswer(t, w.Code, w.Body.String(), 502, "upstream_unreachable")
	if e := q.only(t); len(e.Attempts) != 1 || e.Attempts[0].Class != upstream.Connect {
		t.Errorf("attempts = %+v", e.Attempts)
	}
}
