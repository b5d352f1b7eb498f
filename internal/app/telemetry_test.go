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
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
	"github.com/fallow-dev/fallow/internal/telemetry/telemetrytest"
)

// TestEventsAreTold by which route a model went and who was asked.
func TestEventsAreTold(t *testing.T) {
	t.Parallel()
	const routes = `{m: {targets: [{pool: p}]}, m-*: {targets: [{pool: p}]}, m-long-*: {targets: [{pool: p}]}, other: {targets: [{pool: p}]}}`
	url, _ := provider(t)
	doc, err := config.Parse([]byte("version: 1\npools:\n  p: {provider: openai, base_url: \""+url+"/v1\", keys: [{name: k, secret: \"env:KEY\"}]}\nmodels: "+routes+"\nclients: {auth: none}\n"), "test")
	if err != nil {
		t.Fatal(err)
	}
	var got telemetry.Request
	g, err := app.New(app.Config{
		Document: doc, Table: embedded.NewMemory(), Environ: []string{"KEY=planted"},
		Telemetry: app.Telemetry{Sink: telemetry.SinkFunc(func(_ context.Context, e telemetry.Event) { got = e.(telemetry.Request) })},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ model, route, provider string }{
		{"m", "m", "openai"}, {"m-x", "m-*", "openai"}, {"m-long-x", "m-long-*", "openai"}, {"m-*", "m-*", "openai"}, {"n", "", ""},
	} {
		g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions",
			strings.NewReader(`{"model":"`+tt.model+`","messages":[{"role":"user","content":"hi"}]}`)))
		if got.Model != tt.model || got.Route != tt.route || got.Provider != tt.provider {
			t.Errorf("%s: route %q of %q, want %q of %q", tt.model, got.Route, got.Provider, tt.route, tt.provider)
		}
		for _, a := range got.Attempts {
			if a.Provider != tt.provider {
				t.Errorf("%s: attempt at %q", tt.model, a.Provider)
			}
		}
	}
}

func getenv(lines ...string) func(string) string {
	return func(name string) string {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// TestLambdaTelemetry writes one line for a request, in the namespace of the
// environment, and exports its trace before it returns.
func TestLambdaTelemetry(t *testing.T) {
	t.Parallel()
	posts := 0
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts++ }))
	defer collector.Close()
	var out bytes.Buffer
	tel, err := app.LambdaTelemetry(&out, getenv("FALLOW_METRICS_NAMESPACE=stack", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL), slog.New(slog.DiscardHandler))
	if err != nil || tel.Tracer == nil {
		t.Fatalf("tracer %v, %v", tel.Tracer, err)
	}
	r := telemetrytest.Plain()
	r.Trace = tel.Tracer.Begin("", "")
	tel.Sink.Observe(t.Context(), r)
	doc, err := emftest.Parse(bytes.TrimSpace(out.Bytes()), time.Now())
	if err != nil || doc.Data[0].Namespace != "stack" || posts != 1 {
		t.Errorf("%+v with %d posts, %v", doc.Data, posts, err)
	}
}

func TestTracesAreOff(t *testing.T) {
	t.Parallel()
	tel, err := app.LambdaTelemetry(io.Discard, getenv(), nil)
	if err != nil || tel.Tracer != nil || tel.Sink == nil {
		t.Errorf("on Lambda: %+v, %v", tel, err)
	}
	exporter, tracer, err := app.Traces([]string{"PATH=/bin"}, nil)
	if exporter != nil || tracer != nil || err != nil {
		t.Errorf("in a server: %v, %v, %v", exporter, tracer, err)
	}
}

func TestTracesAreOn(t *testing.T) {
	t.Parallel()
	exporter, tracer, err := app.Traces([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_ENDPOINT=nonsense"}, nil)
	if err != nil || exporter == nil || tracer == nil {
		t.Fatalf("%v, %v, %v", exporter, tracer, err)
	}
	if err := exporter.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBrokenTelemetry(t *testing.T) {
	t.Parallel()
	const line = "OTEL_EXPORTER_OTLP_ENDPOINT=nonsense"
	if _, err := app.LambdaTelemetry(io.Discard, getenv(line), nil); err == nil {
		t.Error("taken on Lambda")
	}
	if _, _, err := app.Traces([]string{line}, nil); err == nil {
		t.Error("taken by a server")
	}
}

// TestLambdaCarriesNoMetricsServer: what only a server needs would lengthen
// every cold start.
func TestLambdaCarriesNoMetricsServer(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"functions/gateway", "functions/rebalance"} {
		for _, dep := range deps(t, module+function) {
			if strings.HasPrefix(dep, "github.com/prometheus/") || strings.HasPrefix(dep, "google.golang.org/") || strings.HasPrefix(dep, "go.opentelemetry.io/") {
				t.Errorf("%s carries %s", function, dep)
			}
		}
	}
}
