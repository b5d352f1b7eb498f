package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/awsfront"
	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
)

// TestMain keeps the AWS SDK, whose settings belong to the process, from
// anything outside: nobody listens where it is led to.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1",
		"AWS_CONFIG_FILE":  "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
	} {
		_ = os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// document writes a config with that provider and clients.
func document(t *testing.T, baseURL, clients string, more ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	text := "version: 1\npools:\n  p: {provider: openai, base_url: \"" + baseURL + "\", keys: [{name: k, secret: \"env:KEY\"}]}\n" +
		"models: {\"*\": {targets: [{pool: p}]}}\nclients: " + clients + "\n" + strings.Join(more, "\n")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const tokens = `{auth: tokens, tokens: [{name: bot, secret: "env:BOT"}]}`

func getenv(config, table string) func(string) string {
	return func(name string) string {
		return map[string]string{"FALLOW_CONFIG": config, "FALLOW_TABLE": table}[name]
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, config, table, says string
	}{
		{"no config", "", "state", "FALLOW_CONFIG"},
		{"no table", "fallow.yaml", "", "FALLOW_TABLE"},
		{"no such file", "/nowhere.yaml", "state", "/nowhere.yaml"},
		{"open to the world", document(t, "https://provider.example", "{auth: none}"), "state", "allow_anonymous"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := build(t.Context(), getenv(tt.config, tt.table), nil, io.Discard, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error about %q", err, tt.says)
			}
		})
	}
}

// TestBuildServes: the event of a function URL is answered by the provider, as a
// stream, though the table and Secrets Manager cannot be reached.
func TestBuildServes(t *testing.T) {
	t.Parallel()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"`+r.Header.Get("Authorization")+`"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(provider.Close)
	var out bytes.Buffer
	front, err := build(t.Context(), getenv(document(t, provider.URL, tokens), "state"), []string{"KEY=provider-key", "BOT=bot-token"}, &out, slog.New(slog.NewJSONHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{"bot-token": 200, "another": 401} {
		status, body := invoke(t, front, token)
		if status != want || want == 200 && !(strings.Contains(body, "Bearer provider-key") && strings.HasSuffix(body, "[DONE]\n\n")) {
			t.Errorf("with %s: %d %s, want %d", token, status, body, want)
		}
	}
	checkLines(t, out.Bytes())
}

// shared is a log that Warm may still write to.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// TestBuildFollowsRevisions if the document says so, and serves that document
// while the table cannot be reached.
func TestBuildFollowsRevisions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, admin string
		reads       bool
	}{
		{"file", "", false},
		{"table", "admin: {config: {source: table}}", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out shared
			path := document(t, "http://127.0.0.1:1", tokens, tt.admin)
			front, err := build(t.Context(), getenv(path, "state"), []string{"KEY=k", "BOT=bot-token"}, io.Discard, slog.New(slog.NewJSONHandler(&out, nil)))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(out.String(), "config revisions cannot be read"); got != tt.reads {
				t.Errorf("the table was read: %v, want %v; log:\n%s", got, tt.reads, out.String())
			}
			if _, always := front.Handler.(*app.Live); always == tt.reads {
				t.Errorf("requests go to a %T, want them to ask for the document in force: %v", front.Handler, tt.reads)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/models", nil)
			r.Header.Set("Authorization", "Bearer bot-token")
			front.Handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("%d %s, want 200", w.Code, w.Body)
			}
		})
	}
}

// checkLines: all that leaves is JSON that CloudWatch takes; each of the two
// requests has one line, which is its metrics too; and no secret is in any.
func checkLines(t *testing.T, out []byte) {
	t.Helper()
	requests := 0
	for line := range bytes.Lines(out) {
		doc, err := emftest.Parse(bytes.TrimSpace(line), time.Now())
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if doc.Members["msg"] == "request" {
			if requests++; len(doc.Data) == 0 || doc.Members["request_id"] == "" {
				t.Errorf("a request without metrics or id: %s", line)
			}
		}
		for _, secret := range []string{"provider-key", "bot-token"} {
			if bytes.Contains(line, []byte(secret)) {
				t.Errorf("%s is in %s", secret, line)
			}
		}
	}
	if requests != 2 {
		t.Errorf("%d lines of requests, want one for each of the 2", requests)
	}
}

// invoke sends the sample event with a token, as Lambda would.
func invoke(t *testing.T, front awsfront.Config, token string) (int, string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "events", "chat-completion.json"))
	if err != nil {
		t.Fatal(err)
	}
	var event events.LambdaFunctionURLRequest
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	delete(event.Headers, "x-api-key")
	event.Headers["authorization"] = "Bearer " + token
	resp, err := awsfront.Handler(front)(context.WithoutCancel(t.Context()), &event)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
