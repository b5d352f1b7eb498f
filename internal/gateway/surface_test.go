package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
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

func TestModels(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	list := refuse(200, nil, `{"object":"list","data":[{"id":"gpt-x","object":"model","created":5,"owned_by":"them"},{"id":"m","object":"model","created":6,"owned_by":"them"}]}`)
	u.on("main_k1", list)
	b := newBench(t, u, options{doc: func(d *config.Config) {
		d.Models["alias"] = config.Route{Targets: []config.Target{{Pool: "main", Model: "gpt-x"}}}
	}})
	for range 3 {
		var got struct {
			Object string
			Data   []struct {
				ID, Object, OwnedBy string
				Created             int64
			}
		}
		if err := json.Unmarshal([]byte(b.do(t, "GET", "/v1/models", "").body), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Data) != 3 || got.Data[0].ID != "alias" || got.Data[1].ID != "gpt-x" || got.Data[1].Created != 5 || got.Object != "list" {
			t.Errorf("models = %+v, want alias, gpt-x, m", got)
		}
	}
	if u.total() != 1 {
		t.Errorf("the provider was asked %d times, want once", u.total())
	}
	u.on("main_k1", wrongKey)
	u.on("main_k2", wrongKey)
	down := newBench(t, u, options{}).do(t, "GET", "/v1/models", "")
	if down.StatusCode != 200 {
		t.Errorf("with a provider that does not list: %d %s, want 200 and the routes", down.StatusCode, down.body)
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

func TestUnknownPathsAreExplained(t *testing.T) {
	t.Parallel()
	b := newBench(t, newProvider(t), options{})
	for _, path := range []string{"/", "/v1/nothing", "/chat/completions"} {
		if got := b.do(t, "POST", path, "{}"); got.StatusCode != 404 || got.code(t) != "not_found" || !strings.Contains(got.body, "/v1/chat/completions") {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
	}
	if got := b.do(t, "GET", "/v1/chat/completions", ""); got.StatusCode != 404 && got.StatusCode != 405 {
		t.Errorf("GET on a POST path: %d", got.StatusCode)
	}
}
