package otlp_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/otlp"
	"github.com/fallow-dev/fallow/internal/telemetry/telemetrytest"
)

// posted exports one request and returns what the collector got.
func posted(t *testing.T, cfg otlp.Config, r telemetry.Request) (*http.Request, export) {
	t.Helper()
	var c collector
	cfg.Inline, cfg.Client = true, c.client()
	if cfg.Endpoint == "" {
		cfg.Endpoint = "http://127.0.0.1:4318/v1/traces"
	}
	x := otlp.New(cfg)
	x.Observe(t.Context(), r)
	if len(c.posts) != 1 || x.Dropped() != 0 {
		t.Fatalf("%d posts, %d dropped", len(c.posts), x.Dropped())
	}
	return c.posts[0], c.bodies[0]
}

func TestSpans(t *testing.T) {
	t.Parallel()
	r := telemetrytest.Request()
	r.Trace.State, r.Attempts[1].Span = "vendor=1", telemetry.SpanID{9}
	_, body := posted(t, otlp.Config{}, r)
	spans := body.spans()
	var names []string
	ids := map[string]bool{}
	for _, s := range spans {
		names = append(names, s.Name)
		ids[s.SpanID] = true
		if s.TraceID != "01020300000000000000000000000000" || s.TraceState != "vendor=1" || len(s.SpanID) != 16 || s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("span %+v", s)
		}
	}
	if diff := cmp.Diff([]string{"chat review", "book claude", "book claude", "chat claude-sonnet-5", "chat claude-sonnet-5"}, names); diff != "" {
		t.Fatalf("names differ (-want +got):\n%s", diff)
	}
	if len(ids) != len(spans) {
		t.Errorf("ids %v are not one each", ids)
	}
	if diff := cmp.Diff([]int{2, 1, 1, 3, 3}, kinds(spans)); diff != "" {
		t.Errorf("kinds differ (-want +got):\n%s", diff)
	}
	root := spans[0]
	if root.SpanID != "0500000000000000" || root.ParentSpanID != "0400000000000000" || root.Status.Code != 0 {
		t.Errorf("root %+v", root)
	}
	for _, s := range spans[1:] {
		if s.ParentSpanID != root.SpanID {
			t.Errorf("%s has parent %s", s.Name, s.ParentSpanID)
		}
	}
	if got := spans[4].SpanID; got != "0900000000000000" {
		t.Errorf("the call's span is %s, not what the provider was told", got)
	}
	if spans[3].Status.Code != 2 || spans[4].Status.Code != 0 {
		t.Errorf("statuses %d and %d, want that of the refusal to be an error", spans[3].Status.Code, spans[4].Status.Code)
	}
}

func kinds(spans []span) (out []int) {
	for _, s := range spans {
		out = append(out, s.Kind)
	}
	return out
}

// TestTimes: spans lie where their events say, and the stream's goes on to the end.
func TestTimes(t *testing.T) {
	t.Parallel()
	r := telemetrytest.Request()
	_, body := posted(t, otlp.Config{}, r)
	tests := []struct{ began, ended, token time.Duration }{
		{0, 11 * time.Second, 2502 * time.Millisecond},
		{time.Millisecond, 5 * time.Millisecond, 0},
		{300 * time.Millisecond, 1800 * time.Millisecond, 0},
		{5 * time.Millisecond, 295 * time.Millisecond, 0},
		{1800 * time.Millisecond, 11 * time.Second, 2500 * time.Millisecond},
	}
	for i, s := range body.spans() {
		tt := tests[i]
		since := func(ns int64) time.Duration { return time.Unix(0, ns).Sub(r.At) }
		if since(s.StartTimeUnixNano) != tt.began || since(s.EndTimeUnixNano) != tt.ended {
			t.Errorf("span %d from %s to %s, want %s to %s", i, since(s.StartTimeUnixNano), since(s.EndTimeUnixNano), tt.began, tt.ended)
		}
		if told := len(s.Events) == 1; told != (tt.token > 0) || told && (since(s.Events[0].TimeUnixNano) != tt.token || s.Events[0].Name != "gen_ai.first_token") {
			t.Errorf("span %d has events %+v, want the first token at %s", i, s.Events, tt.token)
		}
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	_, body := posted(t, otlp.Config{Service: "gateway", Attributes: map[string]string{"deployment.environment": "test", "service.name": "x"}}, telemetrytest.Request())
	spans := body.spans()
	tests := []struct {
		name string
		got  []attribute
		want map[string]any
	}{
		{"resource", body.ResourceSpans[0].Resource.Attributes, map[string]any{"service.name": "gateway", "deployment.environment": "test"}},
		{"request", spans[0].Attributes, map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.request.model": "review", "http.response.status_code": int64(200),
			"fallow.request_id": "req_0123456789abcdef01234567", "fallow.client": "review-bot", "fallow.route": "review", "fallow.outcome": "answered",
			"fallow.wait_ms": int64(1504), "fallow.cost_microusd": int64(25_800), "fallow.batch": true}},
		{"booking", spans[2].Attributes, map[string]any{
			"fallow.pool": "claude", "fallow.key": "key-2", "fallow.group": "org-1a2b3c4d5e", "fallow.booking.result": "booked", "fallow.booking.probe": true}},
		{"refused attempt", spans[3].Attributes, map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-5",
			"error.type": "rate_limit", "fallow.pool": "claude", "fallow.key": "key-1"}},
		{"attempt", spans[4].Attributes, map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-5",
			"fallow.pool": "claude", "fallow.key": "key-2", "gen_ai.request.stream": true,
			"gen_ai.usage.input_tokens": int64(32_000), "gen_ai.usage.output_tokens": int64(640),
			"gen_ai.usage.cache_read.input_tokens": int64(30_000), "gen_ai.usage.cache_creation.input_tokens": int64(800)}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, facts(tt.got)); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestFailures: what the client did is no error of the server's.
func TestFailures(t *testing.T) {
	t.Parallel()
	wants := []struct {
		kind string
		code int
	}{{"", 0}, {"upstream_truncated", 2}, {"client_gone", 0}, {"pool_exhausted", 0}, {"server_is_overloaded", 2}, {"invalid_request", 0}, {"upstream_error", 2}, {"internal_error", 2}}
	for i, e := range telemetrytest.Ended() {
		r := e.(telemetry.Request)
		r.Trace = telemetrytest.Request().Trace
		_, body := posted(t, otlp.Config{}, r)
		root := body.spans()[0]
		kind, _ := facts(root.Attributes)["error.type"].(string)
		if kind != wants[i].kind || root.Status.Code != wants[i].code {
			t.Errorf("status %d, code %q: error.type %q and code %d, want %+v", r.Status, r.Code, kind, root.Status.Code, wants[i])
		}
	}
}

func TestOnlySampledRequests(t *testing.T) {
	t.Parallel()
	var c collector
	x := otlp.New(otlp.Config{Endpoint: "http://127.0.0.1", Inline: true, Client: c.client()})
	r := telemetrytest.Request()
	r.Trace.Sampled = false
	for _, e := range []telemetry.Event{r, telemetrytest.Plain(), telemetry.Cooldown{}, telemetry.Rebalance{}, telemetry.StoreTrouble{}} {
		x.Observe(t.Context(), e)
	}
	if len(c.posts) != 0 || x.Dropped() != 0 {
		t.Errorf("%d posts, %d dropped", len(c.posts), x.Dropped())
	}
}

// TestServer: several requests go in one post, behind everybody's back, and the
// last ones at the end.
func TestServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c collector
		x := otlp.New(otlp.Config{Endpoint: "http://127.0.0.1", Client: c.client()})
		x.Observe(t.Context(), telemetrytest.Request())
		x.Observe(t.Context(), telemetrytest.Request())
		synctest.Wait()
		if n := c.count(); n != 0 {
			t.Errorf("%d posts at once", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := c.count(); n != 1 || len(c.bodies[0].spans()) != 10 {
			t.Errorf("%d posts, want one of ten spans", n)
		}
		x.Observe(t.Context(), telemetrytest.Request())
		if err := x.Close(t.Context()); err != nil || c.count() != 2 {
			t.Errorf("Close: %v after %d posts", err, c.count())
		}
	})
}

// TestTrouble: a collector that fails is left alone for a while, what happens
// meanwhile is lost and counted, and the log says so once.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []*collector{{status: 503}, {status: 302}, {fails: true}} {
		var out bytes.Buffer
		now := telemetrytest.Now
		x := otlp.New(otlp.Config{Endpoint: "http://user:planted@127.0.0.1/?key=planted", Inline: true, Client: c.client(),
			Headers: map[string]secret.Value{"X-Api-Key": secret.New("planted")},
			Now:     func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&out, nil))})
		for range 3 {
			x.Observe(t.Context(), telemetrytest.Request())
		}
		if c.count() != 1 || x.Dropped() != 3 || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%d posts, %d dropped, log:\n%s", c.count(), x.Dropped(), out.String())
		}
		if strings.Contains(out.String(), "planted") {
			t.Errorf("a secret is in the log: %s", out.String())
		}
		now = now.Add(15 * time.Second)
		c.set(200)
		c.fails = false
		x.Observe(t.Context(), telemetrytest.Request())
		if c.count() != 2 || x.Dropped() != 3 {
			t.Errorf("after the pause: %d posts, %d dropped", c.count(), x.Dropped())
		}
		c.set(500)
		x.Observe(t.Context(), telemetrytest.Request())
		now = now.Add(-time.Hour) // a clock set back does not make the pause an hour
		x.Observe(t.Context(), telemetrytest.Request())
		if c.count() != 4 {
			t.Errorf("after the clock was set back: %d posts, want 4", c.count())
		}
	}
}

// TestStuck: a collector that hangs holds up Lambda's next request for a second
// at most, and the end of a server for as long as that may take.
func TestStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &collector{stuck: make(chan struct{})}
		began := time.Now()
		x := otlp.New(otlp.Config{Endpoint: "http://127.0.0.1", Inline: true, Client: c.client(), Timeout: time.Minute})
		x.Observe(t.Context(), telemetrytest.Request())
		if took := time.Since(began); took != time.Second || x.Dropped() != 1 {
			t.Errorf("Observe took %s, dropped %d", took, x.Dropped())
		}
		if err := x.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}

		server := otlp.New(otlp.Config{Endpoint: "http://127.0.0.1", Client: c.client()})
		server.Observe(t.Context(), telemetrytest.Request())
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || server.Dropped() != 1 {
			t.Errorf("Close: %v, dropped %d", err, server.Dropped())
		}
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	r, _ := posted(t, otlp.Config{Headers: map[string]secret.Value{"Authorization": secret.New("Bearer t")}}, telemetrytest.Request())
	if r.Method != "POST" || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer t" {
		t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
	}
}

// TestOwnClient posts over the network and follows nobody elsewhere.
func TestOwnClient(t *testing.T) {
	t.Parallel()
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	here := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	x := otlp.New(otlp.Config{Endpoint: here.URL, Inline: true, Headers: map[string]secret.Value{"X-Key": secret.New("k")}})
	x.Observe(t.Context(), telemetrytest.Request())
	if err := x.Close(t.Context()); err != nil || elsewhere != 0 || x.Dropped() != 1 {
		t.Errorf("%v, %d requests elsewhere, %d dropped", err, elsewhere, x.Dropped())
	}
	bad := otlp.New(otlp.Config{Endpoint: "http://[planted", Inline: true})
	bad.Observe(t.Context(), telemetrytest.Request())
	if bad.Dropped() != 1 {
		t.Errorf("dropped %d with no URL", bad.Dropped())
	}
}

func BenchmarkRequest(b *testing.B) {
	x := otlp.New(otlp.Config{Endpoint: "http://127.0.0.1", Inline: true, Client: &http.Client{Transport: nowhere{}}})
	r := telemetrytest.Plain()
	r.Trace = telemetrytest.Request().Trace
	b.ReportAllocs()
	for b.Loop() {
		x.Observe(b.Context(), r)
	}
}

type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
}
