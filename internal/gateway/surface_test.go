package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
)

func TestBadRequests(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	b := newBench(t, u, options{doc: func(d *config.Config) {
		d.Models = map[string]config.Route{"m": {Targets: []config.Target{{Pool: "main"}}}}
	}})
	tests := []struct {
		name, body string
		headers    []string
		status     int
		code, says string
	}{
		{"broken JSON", `{"model":`, nil, 400, "invalid_request", "JSON"},
		{"empty body", ``, nil, 400, "invalid_request", ""},
		{"not an object", `[1]`, nil, 400, "invalid_request", "object"},
		{"no model", `{"messages":[{"role":"user","content":"x"}]}`, nil, 400, "invalid_request", "model"},
		{"model of the wrong type", `{"model":1,"messages":[{"role":"user","content":"x"}]}`, nil, 400, "invalid_request", "model"},
		{"messages of the wrong type", `{"model":"m","messages":"x"}`, nil, 400, "invalid_request", "messages"},
		{"stream of the wrong type", `{"model":"m","stream":"yes","messages":[{"role":"user","content":"x"}]}`, nil, 400, "invalid_request", "stream"},
		{"unknown model", `{"model":"nope","messages":[{"role":"user","content":"x"}]}`, nil, 404, "model_not_found", "nope"},
		{"too large", `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("x", 5000) + `"}]}`, nil, 413, "request_too_large", "4096 bytes"},
		{"compressed", `x`, []string{"Content-Encoding", "gzip"}, 415, "unsupported_encoding", "Content-Encoding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := b.post(t, tt.body, tt.headers...)
			if got.StatusCode != tt.status || got.code(t) != tt.code || !strings.Contains(got.body, tt.says) {
				t.Errorf("%d %s, want %d %s with %q", got.StatusCode, got.body, tt.status, tt.code, tt.says)
			}
			if !strings.HasPrefix(got.Header.Get("X-Fallow-Request-Id"), "req_") {
				t.Error("no request id")
			}
		})
	}
	if u.total() != 0 {
		t.Errorf("the provider was called %d times", u.total())
	}
}

func TestUnsizedBodyIsBoundedToo(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{})
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(strings.Repeat("x", 5000)))
	req.ContentLength = -1 // as a chunked body has it
	w := httptest.NewRecorder()
	b.gateway.ServeHTTP(w, req)
	if w.Code != 413 {
		t.Errorf("status = %d, want 413", w.Code)
	}
}

func TestClientTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{doc: func(d *config.Config) {
		d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{
			{Name: "bot", Secret: "env:BOT"}, {Name: "other", Secret: "env:OTHER"}, {Name: "unset", Secret: "env:UNSET"},
		}}
	}})
	b.secrets.values["BOT"], b.secrets.values["OTHER"] = "bot-token", "other-token"
	tests := []struct {
		name    string
		headers []string
		status  int
		client  string
	}{
		{"bearer", []string{"Authorization", "Bearer bot-token"}, 200, "bot"},
		{"scheme in lower case", []string{"Authorization", "bearer other-token"}, 200, "other"},
		{"x-api-key", []string{"X-Api-Key", "other-token"}, 200, "other"},
		{"both headers, ours in one", []string{"Authorization", "Bearer sk-dummy", "X-Api-Key", "bot-token"}, 200, "bot"},
		{"both headers, ours in the other", []string{"Authorization", "Bearer bot-token", "X-Api-Key", "dummy"}, 200, "bot"},
		{"empty bearer beside a key", []string{"Authorization", "Bearer ", "X-Api-Key", "bot-token"}, 200, "bot"},
		{"none", nil, 401, ""},
		{"wrong", []string{"Authorization", "Bearer nope"}, 401, ""},
		{"empty", []string{"Authorization", "Bearer "}, 401, ""},
		{"a prefix of the right one", []string{"Authorization", "Bearer bot-toke"}, 401, ""},
		{"basic", []string{"Authorization", "Basic bot-token"}, 401, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // one after another: the last event is looked at
			for _, path := range []string{"chat", "models"} {
				got := b.post(t, hello, tt.headers...)
				if path == "models" {
					got = b.do(t, "GET", "/v1/models", "", tt.headers...)
				}
				if got.StatusCode != tt.status {
					t.Errorf("%s: %d %s, want %d", path, got.StatusCode, got.body, tt.status)
				}
				if tt.status == 401 && got.code(t) != "invalid_api_key" {
					t.Errorf("%s: code %s", path, got.body)
				}
			}
			if got := b.last(t).Client; got != tt.client {
				t.Errorf("client = %q, want %q", got, tt.client)
			}
		})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if strings.Contains(b.log.String(), "bot-token") {
		t.Error("the log holds a client's token")
	}
}

// TestUnreadableTokens: while they cannot be read nobody is told that his key
// is wrong, because SDKs would take that for good.
func TestUnreadableTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{doc: func(d *config.Config) {
		d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}}}
		d.Admin.Secret = "env:ADMIN"
	}})
	b.secrets.values["BOT"], b.secrets.down = "bot-token", true
	for _, path := range []string{"/v1/models", "/admin/v1/pools"} {
		got := b.do(t, "GET", path, "", "Authorization", "Bearer bot-token")
		if got.StatusCode != 503 || got.code(t) != "credentials_unreadable" || got.Header.Get("Retry-After") == "" || got.Header.Get("X-Should-Retry") != "true" {
			t.Errorf("%s: %d %s %v, want 503 and a time to come back", path, got.StatusCode, got.body, got.Header)
		}
	}
	if got := b.do(t, "GET", "/readyz", ""); got.StatusCode != 503 || strings.Contains(got.body, "clients.tokens") {
		t.Errorf("readyz: %d %s, want 503 without names, for it cannot be told who asks", got.StatusCode, got.body)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(b.log.String(), "clients.tokens.bot") {
		t.Error("the log does not name what is missing")
	}
}

func TestBrokenReferences(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]*config.Config{
		"client": {Clients: config.Clients{Tokens: []config.Token{{Name: "bot", Secret: "plain-text"}}}},
		"admin":  {Admin: config.Admin{Secret: "plain-text"}},
	} {
		if _, err := gateway.New(gateway.Config{Document: doc}); err == nil || strings.Contains(err.Error(), "plain-text") {
			t.Errorf("%s: error %v, want one that does not repeat what may be a secret", name, err)
		}
	}
}

func TestAdminIsGuarded(t *testing.T) {
	t.Parallel()
	open := newBench(t, newProvider(t), options{})
	token := newBench(t, newProvider(t), options{doc: func(d *config.Config) { d.Admin.Secret = "env:ADMIN" }})
	token.secrets.values["ADMIN"] = "admin-token"
	tests := []struct {
		name    string
		bench   *bench
		headers []string
		status  int
	}{
		{"this machine, no token configured", open, nil, 200},
		{"a web page in the operator's browser", open, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a name that points here", open, []string{"Host", "rebound.example"}, 403},
		{"token configured, none sent", token, nil, 401},
		{"token configured, wrong one", token, []string{"Authorization", "Bearer x"}, 401},
		{"token configured, right one", token, []string{"Authorization", "Bearer admin-token"}, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, _ := http.NewRequestWithContext(t.Context(), "GET", tt.bench.URL+"/admin/v1/pools", nil)
			for i := 0; i < len(tt.headers); i += 2 {
				req.Header.Set(tt.headers[i], tt.headers[i+1])
				if tt.headers[i] == "Host" {
					req.Host = tt.headers[i+1]
				}
			}
			resp, err := tt.bench.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if resp.StatusCode != tt.status {
				t.Errorf("status = %d, want %d", resp.StatusCode, tt.status)
			}
		})
	}
	remote := httptest.NewRequestWithContext(t.Context(), "GET", "/admin/v1/pools", nil)
	remote.RemoteAddr, remote.Host = "203.0.113.9:40000", "localhost"
	w := httptest.NewRecorder()
	open.gateway.ServeHTTP(w, remote)
	if w.Code != 403 {
		t.Errorf("from another machine: %d, want 403", w.Code)
	}
}

func TestAdminShowsAndClears(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", limited(60))
	u.on("main_k2", limited(60))
	b := newBench(t, u, options{})
	b.post(t, hello)

	state := b.do(t, "GET", "/admin/v1/pools", "")
	if !strings.Contains(state.body, "retry after 1m0s") || !strings.Contains(state.body, "0 of 2 groups have room") {
		t.Errorf("state = %s", state.body)
	}
	u.on("main_k1", whole("fine again"))
	if got := b.do(t, "POST", "/admin/v1/pools/main/groups/k1/clear", ""); got.StatusCode != 200 || !strings.Contains(got.body, `"cleared": 1`) {
		t.Errorf("clear: %d %s", got.StatusCode, got.body)
	}
	if got := b.post(t, hello); got.StatusCode != 200 || got.Header.Get("X-Fallow-Key") != "k1" {
		t.Errorf("after clear: %d by %q, want 200 by k1", got.StatusCode, got.Header.Get("X-Fallow-Key"))
	}
	for path, code := range map[string]string{
		"/admin/v1/pools/nope/groups/k1/clear": "unknown_pool", "/admin/v1/pools/main/groups/nope/clear": "unknown_group",
	} {
		if got := b.do(t, "POST", path, ""); got.StatusCode != 404 || got.code(t) != code {
			t.Errorf("%s: %d %s, want 404 %s", path, got.StatusCode, got.body, code)
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{})
	if got := b.do(t, "GET", "/healthz", ""); got.StatusCode != 200 {
		t.Errorf("healthz: %d", got.StatusCode)
	}
	if got := b.do(t, "GET", "/readyz", ""); got.StatusCode != 200 {
		t.Errorf("readyz: %d %s", got.StatusCode, got.body)
	}
	delete(b.secrets.values, "main_k1") // one key is enough to serve
	if got := b.do(t, "GET", "/readyz", ""); got.StatusCode != 200 || !strings.Contains(got.body, "pools.main.keys.k1") {
		t.Errorf("one key missing: %d %s, want 200 naming it", got.StatusCode, got.body)
	}
	delete(b.secrets.values, "main_k2")
	if got := b.do(t, "GET", "/readyz", ""); got.StatusCode != 503 {
		t.Errorf("no key: %d %s, want 503", got.StatusCode, got.body)
	}
}

// TestPathsAndMethods: everything is answered, and in the shape of an error.
func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{})
	tests := []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"POST", "/", 404, "not_found", ""},
		{"POST", "/v1/nothing", 404, "not_found", ""},
		{"POST", "/chat/completions", 404, "not_found", ""},
		{"GET", "/v1/chat/completions", 405, "method_not_allowed", "POST"},
		{"OPTIONS", "/v1/chat/completions", 405, "method_not_allowed", "POST"},
		{"DELETE", "/v1/models", 405, "method_not_allowed", "GET"},
		{"GET", "/admin/v1/pools/main/groups/k1/clear", 405, "method_not_allowed", "POST"},
		{"POST", "/v1/chat/completions/", 200, "", ""},
		{"POST", "/v1//chat/completions", 200, "", ""},
		{"POST", "//v1/./chat/completions", 200, "", ""},
		{"GET", "/v1/models/", 200, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, tt.method, tt.path, hello)
			if got.StatusCode != tt.status || got.Header.Get("Allow") != tt.allow {
				t.Fatalf("%d, allow %q, %s; want %d, allow %q", got.StatusCode, got.Header.Get("Allow"), got.body, tt.status, tt.allow)
			}
			if tt.code != "" && got.code(t) != tt.code {
				t.Errorf("%s, want code %s", got.body, tt.code)
			}
			if tt.status == 404 && !strings.Contains(got.body, "/v1/chat/completions") {
				t.Errorf("%s does not say what there is", got.body)
			}
		})
	}
	if got := b.do(t, "HEAD", "/healthz", ""); got.StatusCode != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q, want 200 and no body", got.StatusCode, got.body)
	}
	if got := b.post(t, hello, "Expect", "100-continue"); got.StatusCode != 200 {
		t.Errorf("Expect: 100-continue: %d, want 200", got.StatusCode)
	}
}

// TestClearWithoutAStore: an operator is told that it did not work.
func TestClearWithoutAStore(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", limited(60))
	b := newBench(t, u, options{keys: []string{"k1"}})
	b.post(t, hello)
	r := httptest.NewRequest("POST", "/admin/v1/pools/main/groups/k1/clear", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "localhost"
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no call of the store can be made
	w := httptest.NewRecorder()
	b.gateway.ServeHTTP(w, r.WithContext(ctx))
	wantAnswer(t, w.Code, w.Body.String(), 503, "store_unavailable")
}

// TestWarm reads everything once, and finds nothing so bad that it would fail.
func TestWarm(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{doc: func(d *config.Config) {
		d.Clients = config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}}}
		d.Admin.Secret = "env:ADMIN"
	}})
	b.secrets.values["ADMIN"] = "admin-token"
	b.gateway.Warm(t.Context())
	log := b.log.String()
	if !strings.Contains(log, "clients.tokens.bot") || strings.Count(log, "secret not readable yet") != 1 {
		t.Errorf("log = %s, want the one secret that is missing", log)
	}
	if b.secrets.gets != 4 {
		t.Errorf("%d secrets read, want two keys, a client's and the admin's", b.secrets.gets)
	}
}
