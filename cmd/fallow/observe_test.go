package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

const question = `{"model":"claude-sonnet-5","messages":[{"role":"user","content":"a private prompt"}]}`

func ask(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

func read(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// TestMetrics are there for programs on this machine, and tell of what was asked.
func TestMetrics(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	ask(t, r.url)
	// The event of a request follows its answer.
	var body string
	for !strings.Contains(body, `fallow_requests_total{outcome="answered"`) {
		var status int
		if status, body = read(t, r.url+"/metrics"); status != 200 || t.Context().Err() != nil {
			t.Fatalf("status %d: %s", status, body)
		}
	}
	for _, line := range []string{"# TYPE gen_ai_server_request_duration_seconds histogram", `fallow_build_info{version="`, "go_goroutines "} {
		if !strings.Contains(body, line) {
			t.Errorf("%q is missing", line)
		}
	}
	if strings.Contains(body, "private") {
		t.Error("the prompt is in the metrics")
	}
	if status, _ := read(t, r.url+"/metrics", "X-Forwarded-For", "203.0.113.9"); status != 403 {
		t.Errorf("a stranger behind a proxy got %d, want 403", status)
	}
	if resp, err := http.Post(r.url+"/metrics", "text/plain", nil); err != nil || resp.StatusCode != 404 {
		t.Errorf("POST: %v, %v", resp, err)
	}
}

// TestTracesAtTheEnd: what waits is exported before the process ends.
func TestTracesAtTheEnd(t *testing.T) {
	t.Parallel()
	var posts atomic.Int32
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	defer collector.Close()
	r := start(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL})
	ask(t, r.url)
	r.stop()
	if exit := <-r.exit; exit != 0 {
		t.Errorf("exit %d", exit)
	}
	if posts.Load() == 0 {
		t.Error("no trace was exported")
	}
}

func TestBrokenEndpointIsRefused(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	exit := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0"}, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=nonsense"}, io.Discard, &out)
	if exit != 1 || !strings.Contains(out.String(), "OTEL_EXPORTER_OTLP_ENDPOINT") {
		t.Errorf("exit %d: %s", exit, out.String())
	}
}
