package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

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
	"prompt": "planted prompt", "email": "planted@mail.example", "answer": "planted answer", "refusal": "planted refusal", "organisation": "org-AbCdEf0123456789abcdefgh",
}

// TestNothingPlantedLeaves: answers, refusals and a broken stream go through all
// sinks and the log of a deployment, at every level, and none tells what it must
// not.
func TestNothingPlantedLeaves(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelDebug} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			left := leftBehind(t, level, "")
			proofs := []string{`"msg":"request"`, `"_aws"`, "fallow_requests_total", "resourceSpans", "rate_limit"}
			if level == slog.LevelDebug {
				proofs = append(proofs, `"msg":"request failed"`)
			}
			for _, proof := range proofs {
				if !bytes.Contains(left, []byte(proof)) {
					t.Errorf("nothing was written by way of %s, so nothing is proved", proof)
				}
			}
			wantNone(t, left, slices.Collect(maps.Keys(planted))...)
		})
	}
}

// TestRoutesThatLogTellNoSecrets: what was said is in lines of its own and
// nowhere else, and the rest of what is planted is nowhere, though the provider
// repeats all of it.
func TestRoutesThatLogTellNoSecrets(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelDebug} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			left := leftBehind(t, level, ", log: {prompts: true, answers: true}")
			wantNone(t, left, "provider key", "client token", "collector key", "organisation", "email")
			var elsewhere bytes.Buffer
			content := 0
			for line := range bytes.Lines(left) {
				if bytes.Contains(line, []byte(`"msg":"content"`)) {
					content++
					continue
				}
				if !bytes.Contains(line, []byte(`"msg":"request failed"`)) { // which may quote, as the route logs prompts
					elsewhere.Write(line)
				}
			}
			wantNone(t, elsewhere.Bytes(), "prompt", "answer")
			for _, want := range []string{planted["prompt"], planted["answer"], "[redacted email]", "[redacted secret]"} {
				if !bytes.Contains(left, []byte(want)) {
					t.Errorf("%q was not logged", want)
				}
			}
			if content != 16 { // of eight requests, by way of two sinks
				t.Errorf("%d lines of content, want one a request and sink", content)
			}
		})
	}
}

// wantNone fails for each of the planted things that left.
func wantNone(t *testing.T, left []byte, what ...string) {
	t.Helper()
	for _, name := range what {
		if i := bytes.Index(left, []byte(planted[name])); i >= 0 {
			t.Errorf("the %s left: …%s…", name, left[max(0, i-200):min(i+40, len(left))])
		}
	}
}

// leftBehind serves eight requests with everything planted in them, and returns
// all that was written of it. routeLog is what the route says of logging.
func leftBehind(t *testing.T, level slog.Level, routeLog string) []byte {
	t.Helper()
	var left bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(&left, r.Body) }))
	defer collector.Close()
	provider := httptest.NewServer(http.HandlerFunc(refusesThenAnswers()))
	defer provider.Close()

	log := slog.New(slog.NewJSONHandler(&left, &slog.HandlerOptions{Level: level}))
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
		"{name: k1, secret: \"env:KEY_1\"}, {name: k2, secret: \"env:KEY_2\"}]}\nmodels: {\"*\": {targets: [{pool: p}]"+routeLog+"}}\n"+
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
			fmt.Sprintf(`{"model":"m","stream":%v,"messages":[{"role":"user","content":"%s %d: write to %s with %s"}]}`,
				i%2 == 1, planted["prompt"], i, planted["email"], planted["client token"])))
		r.Header.Set("Authorization", "Bearer "+planted["client token"])
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
	}
	scrape := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	_, _ = io.Copy(&left, scrape.Body)
	return left.Bytes()
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

// refusesThenAnswers refuses in several ways, quoting the request and the key as
// some providers do, and then answers with all of that too.
func refusesThenAnswers() http.HandlerFunc {
	calls := 0
	return func(w http.ResponseWriter, r *http.Request) {
		calls++
		body, _ := io.ReadAll(r.Body)
		asked := gjson.GetBytes(body, "messages.0.content").String()
		w.Header().Set("Openai-Organization", planted["organisation"])
		status := []int{429, 401, 500, 200, 200, 200, 400, 200}[calls%8]
		if status != 200 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"message":"%s of %s for %s: %s","type":"x","code":"rate_limit_exceeded"}}`,
				planted["refusal"], planted["organisation"], planted["provider key"], asked)
			return
		}
		answer := planted["answer"] + " to " + asked + " by " + planted["provider key"]
		if calls%2 == 0 {
			fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, answer)
			return
		}
		for piece := range slices.Chunk([]byte(answer), 5) {
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", piece)
		} // and no end
	}
}
