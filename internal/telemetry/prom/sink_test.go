package prom_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/prom"
	"github.com/fallow-dev/fallow/internal/telemetry/telemetrytest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return telemetrytest.Now }

func newSink() *prom.Sink {
	return prom.New(prom.Config{Version: "v1.2.3", Dropped: func() uint64 { return 7 }, Revision: func() int64 { return 42 }, Now: now})
}

// scrape reads the families as Prometheus does, those of the runtime left out.
func scrape(t testing.TB, s *prom.Sink) map[string]*dto.MetricFamily {
	t.Helper()
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range families {
		if !strings.HasPrefix(name, "fallow_") && !strings.HasPrefix(name, "gen_ai_") {
			delete(families, name)
		}
	}
	return families
}

// values puts a family's counters or gauges, or the counts of its histograms, by
// their labels.
func values(f *dto.MetricFamily) map[string]float64 {
	found := map[string]float64{}
	for _, m := range f.GetMetric() {
		var labels []string
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetValue())
		}
		found[strings.Join(labels, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return found
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	s := newSink()
	s.Observe(t.Context(), telemetrytest.Request())
	s.Observe(t.Context(), telemetry.Request{Status: 401, Code: "invalid_api_key"})
	got := scrape(t, s)
	// Labels stand in the order of their names.
	for name, want := range map[string]map[string]float64{
		"fallow_requests_total":                               {"answered review": 1, "rejected none": 1},
		"fallow_attempts_total":                               {"rate_limit claude": 1, "answered claude": 1},
		"fallow_bookings_total":                               {"claude booked": 2},
		"fallow_tokens_total":                                 {"claude input": 1200, "claude output": 640, "claude cache_read": 30000, "claude cache_write": 800},
		"fallow_cost_dollars_total":                           {"claude": 0.0258},
		"fallow_wait_seconds":                                 {"review": 1},
		"gen_ai_server_request_duration_seconds":              {" chat anthropic review": 1, "rejected chat none none": 1},
		"gen_ai_server_time_to_first_token_seconds":           {"chat anthropic review": 1},
		"gen_ai_client_operation_duration_seconds":            {" chat anthropic claude-sonnet-5": 1, "rate_limit chat anthropic claude-sonnet-5": 1},
		"gen_ai_client_operation_time_to_first_chunk_seconds": {"chat anthropic claude-sonnet-5": 1},
		"gen_ai_client_token_usage":                           {"chat anthropic claude-sonnet-5 input": 1, "chat anthropic claude-sonnet-5 output": 1},
		"fallow_telemetry_dropped_events_total":               {"": 7},
		"fallow_build_info":                                   {"v1.2.3": 1},
		"fallow_config_revision":                              {"": 42},
	} {
		if diff := cmp.Diff(want, values(got[name])); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
	}
	if sum := got["gen_ai_client_token_usage"].GetMetric()[0].GetHistogram().GetSampleSum(); sum != 32_000 {
		t.Errorf("input of %v tokens, want 32000 with the cached ones", sum)
	}
}

func TestPoolsAreCounted(t *testing.T) {
	t.Parallel()
	s := newSink()
	if got := scrape(t, s)["fallow_quarantined"]; got != nil {
		t.Errorf("before the first run: %v", got)
	}
	group := telemetry.GroupState{Pool: "p", Name: "g", Headroom: 0.5, HeadroomKnown: true}
	gone := telemetry.GroupState{Pool: "p", Name: "gone", Resting: true, Quarantined: true}
	for _, e := range []telemetry.Event{
		telemetry.Rebalance{Groups: []telemetry.GroupState{group, gone}},
		telemetry.Rebalance{Groups: []telemetry.GroupState{group}, Keys: []telemetry.KeyState{{Pool: "p", Name: "k", Weight: 0.25, Quarantined: true}}, Failure: "x"},
		telemetry.Cooldown{Pool: "p", Class: upstream.Auth, Change: telemetry.Begun},
		telemetry.StoreTrouble{Operation: "query"}, telemetry.StoreTrouble{Recovered: true},
	} {
		s.Observe(t.Context(), e)
	}
	got := scrape(t, s)
	for name, want := range map[string]map[string]float64{
		"fallow_rebalance_runs_total":                 {"ok": 1, "failed": 1},
		"fallow_rebalance_last_run_timestamp_seconds": {"": float64(now().Unix())},
		"fallow_quarantined":                          {"": 1},
		"fallow_group_headroom_ratio":                 {"g p": 0.5},
		"fallow_group_resting":                        {"g p": 0}, // and no longer the one that is gone
		"fallow_key_weight_ratio":                     {"k p": 0.25},
		"fallow_cooldown_changes_total":               {"begun auth p": 1},
		"fallow_store_failures_total":                 {"query": 1},
	} {
		if diff := cmp.Diff(want, values(got[name])); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
	}
}

// TestCatalogueIsComplete: what is shown stands in the catalogue as it is shown,
// and all of that is shown.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	type entry struct{ name, kind, labels, help string }
	want, got := map[entry]bool{}, map[entry]bool{}
	for _, m := range telemetry.Catalogue() {
		if p := m.Prometheus; p.Name != "" {
			want[entry{p.Name, p.Kind, strings.Join(slices.Sorted(slices.Values(p.Labels)), " "), m.Meaning}] = true
		}
	}
	s := newSink()
	for _, e := range telemetrytest.Events() {
		s.Observe(t.Context(), e)
	}
	for name, f := range scrape(t, s) {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		got[entry{name, strings.ToLower(f.GetType().String()), strings.Join(labels, " "), f.GetHelp()}] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("catalogue and families differ (-catalogue +shown):\n%s", diff)
	}
}

// TestCardinality: clients that make up models, ids and their own names make no
// more series than there are names for.
func TestCardinality(t *testing.T) {
	t.Parallel()
	s := newSink()
	for i := range 1000 {
		r := telemetrytest.Request()
		made := fmt.Sprintf("made-up-%d", i)
		r.ID, r.Client, r.Model, r.Route = made, made, made, "*"
		for j := range r.Attempts {
			r.Attempts[j].Target = "claude/" + made
		}
		r.Target = "claude/" + made
		s.Observe(t.Context(), r)
	}
	families := scrape(t, s)
	for name, f := range families {
		if n := len(f.GetMetric()); n > 2*101 {
			t.Errorf("%s has %d series", name, n)
		}
	}
	if got := values(families["gen_ai_client_operation_time_to_first_chunk_seconds"])["chat anthropic other"]; got != 900 {
		t.Errorf("%v calls are of other models, want 900", got)
	}
}

// TestNoClientSpoilsTheScrape with a name that Prometheus does not take.
func TestNoClientSpoilsTheScrape(t *testing.T) {
	t.Parallel()
	s := newSink()
	r := telemetrytest.Plain()
	r.Attempts[0].Target = "claude/\xff\xfe"
	s.Observe(t.Context(), r)
	r.Attempts[0].Target = "claude/a\"b\\c\nd"
	s.Observe(t.Context(), r)
	want := map[string]float64{"chat anthropic other": 1, "chat anthropic a\"b\\c\nd": 1}
	if diff := cmp.Diff(want, values(scrape(t, s)["gen_ai_client_operation_time_to_first_chunk_seconds"])); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

// TestDefaults: nothing need be set.
func TestDefaults(t *testing.T) {
	t.Parallel()
	s := prom.New(prom.Config{})
	s.Observe(t.Context(), telemetry.Rebalance{})
	got := scrape(t, s)
	if at := values(got["fallow_rebalance_last_run_timestamp_seconds"])[""]; time.Since(time.UnixMilli(int64(at*1e3))) > time.Minute {
		t.Errorf("last run at %v, want now", at)
	}
	if n := values(got["fallow_telemetry_dropped_events_total"])[""]; n != 0 {
		t.Errorf("dropped %v", n)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := newSink()
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			for j := range 100 {
				r := telemetrytest.Plain()
				r.Attempts[0].Target = fmt.Sprintf("claude/m%d", (i+j)%150)
				s.Observe(t.Context(), r)
				s.Observe(t.Context(), telemetry.Rebalance{})
			}
		})
		running.Go(func() {
			rec := httptest.NewRecorder()
			s.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
			_, _ = io.Copy(io.Discard, rec.Body)
		})
	}
	running.Wait()
	if got := values(scrape(t, s)["fallow_requests_total"])["answered review"]; got != 400 {
		t.Errorf("counted %v requests, want 400", got)
	}
}

func BenchmarkRequest(b *testing.B) {
	s, r := newSink(), telemetrytest.Plain()
	b.ReportAllocs()
	for b.Loop() {
		s.Observe(b.Context(), r)
	}
}
