package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// fakeProvider is a scripted provider in OpenAI's dialect. Each credential has its
// own handler; calls are recorded.
type fakeProvider struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]http.HandlerFunc // by credential
	calls   []string                    // credentials in order of arrival
	bodies  []string
}

func newProvider(t *testing.T) *fakeProvider {
	t.Helper()
	u := &fakeProvider{answers: map[string]http.HandlerFunc{}}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *fakeProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	credential := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	u.mu.Lock()
	u.calls = append(u.calls, credential)
	u.bodies = append(u.bodies, string(body))
	answer := u.answers[credential]
	u.mu.Unlock()
	if answer == nil {
		answer = whole("ok")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer(w, r)
}

func (u *fakeProvider) on(credential string, h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answers[credential] = h
}

// seen returns how often each credential was used.
func (u *fakeProvider) seen() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := map[string]int{}
	for _, c := range u.calls {
		n[c]++
	}
	return n
}

func (u *fakeProvider) total() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.calls)
}

// whole answers with a complete chat completion.
func whole(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`, text)
	}
}

// refuse answers with an error.
func refuse(status int, headers map[string]string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range headers {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// limited is a 429 that asks for seconds.
func limited(seconds int) http.HandlerFunc {
	return refuse(429, map[string]string{"retry-after": fmt.Sprint(seconds)},
		`{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}`)
}

// events streams data lines; a nil entry aborts the connection there.
func events(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, line := range lines {
			if line == abort {
				panic(http.ErrAbortHandler)
			}
			fmt.Fprintf(w, "data: %s\n\n", line)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

const abort = "<abort>"

func delta(text string) string {
	return fmt.Sprintf(`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`, text)
}

const (
	opening  = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`
	finished = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
)

// secrets is a gateway.Secrets of fixed values; renewed holds what Renew finds.
type secrets struct {
	mu      sync.Mutex
	values  map[string]string // by environment name
	renewed map[string]string
	gets    int
	renews  int
	down    bool // Get fails for no fault of the secret
}

func (s *secrets) Get(_ context.Context, ref secret.Ref) (secret.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	if s.down {
		return secret.Value{}, fmt.Errorf("secret %s: no answer", ref)
	}
	v, ok := s.values[ref.ID]
	if !ok {
		return secret.Value{}, fmt.Errorf("secret %s: %w", ref, secret.ErrGone)
	}
	return secret.New(v), nil
}

func (s *secrets) Renew(_ context.Context, ref secret.Ref, old secret.Value) (secret.Value, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renews++
	if v, ok := s.renewed[ref.ID]; ok {
		s.values[ref.ID] = v
	}
	fresh := secret.New(s.values[ref.ID])
	return fresh, !fresh.Equal(old), nil
}

// bench is a gateway with its scripted surroundings.
type bench struct {
	*httptest.Server
	gateway *gateway.Gateway
	secrets *secrets
	mu      sync.Mutex
	events  []telemetry.Request
	log     *bytes.Buffer
}

// options of a bench; the zero value is one pool "main" of keys k1 and k2.
type options struct {
	keys     []string
	doc      func(*config.Config)
	backup   *fakeProvider // serves pool "backup" if set
	wait     time.Duration
	timeouts config.Timeouts
	trace    *telemetry.Tracer
}

func newBench(t *testing.T, u *fakeProvider, o options) *bench {
	t.Helper()
	if o.keys == nil {
		o.keys = []string{"k1", "k2"}
	}
	if o.timeouts.Total == 0 {
		second := config.Duration(5 * time.Second)
		o.timeouts = config.Timeouts{Connect: second, FirstToken: second, Idle: second, Total: second}
	}
	doc := &config.Config{
		Version: 1, Clients: config.Clients{Auth: "none"}, Limits: config.Limits{BodyBytes: 4096},
		Models: map[string]config.Route{"*": {Targets: []config.Target{{Pool: "main"}}}},
	}
	b := &bench{secrets: &secrets{values: map[string]string{}, renewed: map[string]string{}}, log: &bytes.Buffer{}}
	ups := map[string]*gateway.Upstream{"main": b.upstream(t, "main", u, o)}
	if o.backup != nil {
		ups["backup"] = b.upstream(t, "backup", o.backup, o)
		doc.Models["*"] = config.Route{Targets: []config.Target{{Pool: "main"}, {Pool: "backup", Model: "other"}}}
	}
	if o.doc != nil {
		o.doc(doc)
	}
	log := slog.New(slog.NewJSONHandler(&lockedWriter{mu: &b.mu, w: b.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g, err := gateway.New(gateway.Config{
		Document: doc, Upstreams: ups, Secrets: b.secrets, LocalAdmin: true, Log: log, Trace: o.trace,
		Rand: func() float64 { return 0 },
		Observe: func(_ context.Context, r telemetry.Request) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.events = append(b.events, r)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.gateway = g
	b.Server = httptest.NewServer(g)
	t.Cleanup(b.Close)
	return b
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (b *bench) upstream(t *testing.T, name string, u *fakeProvider, o options) *gateway.Upstream {
	t.Helper()
	up := &gateway.Upstream{
		Dialect: openai.New(openai.Config{Compatible: true}), BaseURL: u.URL, Keys: map[string]secret.Ref{},
		Timeouts: o.timeouts, Client: u.Client(),
	}
	var keys []pool.Key
	for _, k := range o.keys {
		env := name + "_" + k
		b.secrets.values[env] = env
		up.Keys[k] = secret.Ref{Scheme: "env", ID: env}
		keys = append(keys, pool.Key{Name: k, Weight: 1})
	}
	up.Pool = pool.New(pool.Config{Name: name, Keys: keys, Table: embedded.NewMemory(), WaitBudget: o.wait})
	return up
}

// answer is what a client got.
type answer struct {
	*http.Response
	body string
}

func (b *bench) post(t *testing.T, body string, headers ...string) answer {
	t.Helper()
	return b.do(t, "POST", "/v1/chat/completions", body, headers...)
}

func (b *bench) do(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	return answer{resp, string(text)}
}

// code returns the error code of an answer.
func (a answer) code(t *testing.T) string {
	t.Helper()
	var e struct {
		Error map[string]any `json:"error"`
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("not an error object: %s", a.body)
	}
	for _, field := range []string{"message", "type", "param", "code"} {
		if _, ok := e.Error[field]; !ok {
			t.Errorf("error object lacks %q: %s", field, a.body)
		}
	}
	code, _ := e.Error["code"].(string)
	return code
}

// last returns the event of the newest request.
func (b *bench) last(t *testing.T) telemetry.Request {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) == 0 {
		t.Fatal("no request was reported")
	}
	return b.events[len(b.events)-1]
}

const hello = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`
const helloStream = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}`
