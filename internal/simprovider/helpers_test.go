package simprovider

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const (
	messagesPath = "/v1/messages"
	chatPath     = "/v1/chat/completions"
	haiku        = `{"model":"claude-haiku-4-5","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}`
	haikuStream  = `{"model":"claude-haiku-4-5","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}`
	gpt          = `{"model":"gpt-5","messages":[{"role":"user","content":"hello"}]}`
	gptStream    = `{"model":"gpt-5","stream":true,"messages":[{"role":"user","content":"hello"}]}`
)

func newRequest(ctx context.Context, method, url, key, body string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	r.RequestURI = ""
	if strings.Contains(url, messagesPath) {
		r.Header.Set("anthropic-version", "2023-06-01")
		r.Header.Set("x-api-key", key)
	} else {
		r.Header.Set("authorization", "Bearer "+key)
	}
	return r
}

// ask calls the provider without a network.
func ask(p *Provider, path, key, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, newRequest(context.Background(), http.MethodPost, path, key, body))
	return w
}

// listen serves p for faults that break connections.
func listen(t *testing.T, p *Provider) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s
}

// post calls over the network and reads all there is to read.
func post(t *testing.T, s *httptest.Server, path, body string) (resp *http.Response, got string, err error) {
	t.Helper()
	resp, err = s.Client().Do(newRequest(context.Background(), http.MethodPost, s.URL+path, "sim-key-1", body))
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp, string(raw), err
}
