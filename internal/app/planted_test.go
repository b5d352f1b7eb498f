package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/otlp"
	"github.com/fallow-dev/fallow/internal/telemetry/prom"
)

// planted are what must never leave by telemetry: keys, what is said, and the
// provider's names for accounts.
var planted = map[string]string{
	"provider key": "sk-planted-provider", "client token": "planted-client", "collector key": "planted-collector",
	"prompt": "planted prompt", "answer": "planted answer", "refusal": "planted refusal", "organisation": "org-AbCdEf0123456789abcdefgh",
}

// TestNothingPlantedLeaves: answers, refusals and a broken stream go through all
// sinks and the log of a deployment, and none tells what it must not.
func TestNothingPlantedLeaves(t *testing.T) {
	t.Parallel()
	var left bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(&left, r.Body) }))
	defer collector.Close()
	provider := httptest.NewServer(http.HandlerFunc(refusesThenAnswers()))
	defer provider.Close()

	log := slog.New(slog.NewJSONHandler(&left, nil))
	environ := []string{
		"KEY_1=" + planted["provider key"], "KEY_2=" + planted["provider key"] + "2", "BOT=" + planted["client token"],
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=x-api-key=" + planted["collector key"],
	}
	tel, err := app.LambdaTelemetry(&left, getenv(environ...), log)
	if err != nil {
		t.Fatal(err)
	}
	metrics := prom.New(prom.Config{})
	tel.Sink = telemetry.Fan(log, tel.Sink, metrics, telemetry.Log(log), traced(otlp.New(otlp.Config{Endpoint: collector.URL, Inline: true})))
	doc, err := config.Parse([]byte("version: 1\npools:\n  p: {provider: openai, base_url: \""+provider.URL+"/v1\", wait_budget: 0s, keys: ["+
		"{name: k1, secret: \"env:KEY_1\"}, {name: k2, secret: \"env:KEY_2\"}]}\nmodels: {\"*\": {targets: [{pool: p}]}}\n"+
		"clients: {auth: tokens, tokens: [{name: bot, secret: \"env:BOT\"}]}\n"), "test")
	if err != nil {
		t.Fatal(err)
	}
	g, err := app.New(app.Config{Document: doc, Table: embedded.NewMemory(), Environ: environ, Telemetry: tel, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(
			fmt.Sprintf(`{"model":"m","stream":%v,"messages":[{"role":"user","content":"%s %d"}]}`, i%2 == 1, planted["prompt"], i)))
		r.Header.Set("Authorization", "Bearer "+planted["client token"])
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
	}
	scrape := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	_, _ = io.Copy(&left, scrape.Body)
	for _, proof := range []string{`"msg":"request"`, `"_aws"`, "fallow_requests_total", "resourceSpans", "rate_limit"} {
		if !bytes.Contains(left.Bytes(), []byte(proof)) {
			t.Errorf("nothing was written by way of %s, so nothing is proved", proof)
		}
	}
	for what, text := range planted {
		if i := bytes.Index(left.Bytes(), []byte(text)); i >= 0 {
			t.Errorf("the %s left: …%s…", what, left.Bytes()[max(0, i-200):i+40])
		}
	}
}

// traced exports requests as if each belonged to a trace.
func traced(x *otlp.Exporter) telemetry.Sink {
	return telemetry.SinkFunc(func(ctx context.Context, e telemetry.Event) {
		if r, ok := e.(telemetry.Request); ok {
			r.Trace = (&telemetry.Tracer{Ratio: 1}).Begin("", "")
			x.Observe(ctx, r)
		}
	})
}

// refusesThenAnswers refuses in several ways, and then answers.
func refusesThenAnswers() http.HandlerFunc {
	calls := 0
	return func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.Header().Set("Openai-Organization", planted["organisation"])
		status := []int{429, 401, 500, 200, 200, 200, 400, 200}[calls%8]
		if status != 200 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"message":"%s of %s for %s","type":"x","code":"rate_limit_exceeded"}}`, planted["refusal"], planted["organisation"], planted["provider key"])
			return
		}
		if calls%2 == 0 {
			fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}]}`, planted["answer"])
			return
		}
		fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", planted["answer"]) // and no end
	}
}
