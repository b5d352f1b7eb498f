package emf_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/prices"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/emf"
	"github.com/fallow-dev/fallow/internal/telemetry/emf/emftest"
	"github.com/fallow-dev/fallow/internal/telemetry/telemetrytest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// figures puts a line's metrics as "Name Unit" to their values.
func figures(doc emftest.Document) map[string]float64 {
	found := map[string]float64{}
	for _, d := range doc.Data {
		found[d.Name+" "+d.Unit] = d.Values[0]
	}
	return found
}

// TestAnsweredRequest: one line, which is the log line and the metrics.
func TestAnsweredRequest(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	r := telemetrytest.Plain()
	docs := observed(t, s, out, r)
	if len(docs) != 1 {
		t.Fatalf("%d lines, want one", len(docs))
	}
	want := map[string]float64{
		"Requests Count": 1, "Answered Count": 1, "Latency Milliseconds": 11_000, "FirstToken Milliseconds": 2502,
		"Wait Milliseconds": 1504, "Overhead Milliseconds": 298, "UpstreamCalls Count": 1,
		"InputTokens Count": 1200, "OutputTokens Count": 640, "CacheReadTokens Count": 30_000, "CacheWriteTokens Count": 800,
		"Cost None": 0.0258, "ColdStarts Count": 1,
	}
	if diff := cmp.Diff(want, figures(docs[0])); diff != "" {
		t.Errorf("metrics differ (-want +got):\n%s", diff)
	}
	for _, d := range docs[0].Data {
		if d.Namespace != "team/stack" || len(d.Dimensions) != 0 || !d.At.Equal(now()) {
			t.Errorf("datum %+v, want a total of the namespace, now", d)
		}
	}
	if n := out.Len(); n > 1500 {
		t.Errorf("the line has %d bytes; the package says what each costs", n)
	}
	delete(want, "ColdStarts Count")
	if diff := cmp.Diff(want, figures(observed(t, s, out, r)[0])); diff != "" {
		t.Errorf("second request differs (-want +got):\n%s", diff)
	}
}

// TestSameLineAsTheLog: what a server logs of an event stands in its line too,
// by the same names.
func TestSameLineAsTheLog(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	for _, e := range telemetrytest.Events() {
		var logged bytes.Buffer
		telemetry.Log(slog.New(slog.NewJSONHandler(&logged, nil))).Observe(t.Context(), e)
		want := map[string]any{}
		if err := json.Unmarshal(logged.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		docs := observed(t, s, out, e)
		got := docs[len(docs)-1].Members
		for name, value := range want {
			if name != "time" && !cmp.Equal(value, got[name]) {
				t.Errorf("%s of %q: got %v, want %v", name, want["msg"], got[name], value)
			}
		}
		if got["time"] != now().Format(time.RFC3339Nano) {
			t.Errorf("time = %v", got["time"])
		}
	}
}

// TestFailuresHaveLinesOfTheirOwn, because their metrics have dimensions.
func TestFailuresHaveLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	r := telemetrytest.Request()
	r.Bookings = append(r.Bookings, telemetry.Booking{Pool: "gpt", Result: telemetry.Exhausted})
	docs := observed(t, s, out, r)
	if len(docs) != 3 {
		t.Fatalf("%d lines, want the booking's, the attempt's and the request's", len(docs))
	}
	tests := []struct {
		doc  emftest.Document
		want emftest.Datum
	}{
		{docs[0], emftest.Datum{Name: "Exhausted", Dimensions: map[string]string{"Pool": "gpt"}}},
		{docs[1], emftest.Datum{Name: "UpstreamFailures", Dimensions: map[string]string{"Pool": "claude", "Class": "rate_limit"}}},
	}
	for _, tt := range tests {
		tt.want.Namespace, tt.want.Unit, tt.want.Values, tt.want.At = "team/stack", "Count", []float64{1}, now()
		if diff := cmp.Diff([]emftest.Datum{tt.want}, tt.doc.Data); diff != "" {
			t.Errorf("data differ (-want +got):\n%s", diff)
		}
		if tt.doc.Members["request_id"] != r.ID {
			t.Errorf("line %v does not say whose it is", tt.doc.Members)
		}
	}
	if got := figures(docs[2])["UpstreamLimits Count"]; got != 1 {
		t.Errorf("UpstreamLimits = %v, want 1", got)
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	names := []string{"Answered", "Broken", "Abandoned", "Limited", "Shed", "Rejected", "ProviderFaults", "GatewayFaults"}
	for i, e := range telemetrytest.Ended() {
		docs := observed(t, s, out, e)
		got := figures(docs[len(docs)-1])
		for j, name := range names {
			if _, counted := got[name+" Count"]; counted != (i == j) {
				t.Errorf("%s: %s counted: %v", names[i], name, counted)
			}
		}
		if _, timed := got["Latency Milliseconds"]; timed != (i == 0) {
			t.Errorf("%s: latency counted: %v; what is refused at once would hide what is slow", names[i], timed)
		}
	}
}

func TestPoolsAreCounted(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	cooldown := telemetry.Cooldown{Pool: "p", Class: upstream.RateLimit, Change: telemetry.Begun}
	if got := observed(t, s, out, cooldown)[0].Data; len(got) != 1 || got[0].Name != "Cooldowns" || got[0].Dimensions["Class"] != "rate_limit" {
		t.Errorf("cooldown: %+v", got)
	}
	cooldown.Change = telemetry.Ended
	if got := observed(t, s, out, cooldown)[0].Data; got != nil {
		t.Errorf("its end: %+v, want a log line only", got)
	}
	if got := observed(t, s, out, telemetry.StoreTrouble{Recovered: true})[0].Data; got != nil {
		t.Errorf("store: %+v, want a log line only", got)
	}
	docs := observed(t, s, out, telemetry.Rebalance{
		Groups: []telemetry.GroupState{{Pool: "p", Name: "g", Resting: true}, {Pool: "p", Headroom: 0.5, HeadroomKnown: true}},
		Keys:   []telemetry.KeyState{{Pool: "p", Name: "k", Weight: 0.5}},
	})
	want := []map[string]float64{
		{"Resting Count": 1}, {"Resting Count": 0, "Headroom Percent": 50}, {"Weight None": 0.5},
		{"RebalanceRuns Count": 1, "RebalanceTime Milliseconds": 0, "Quarantined Count": 0},
	}
	for i, doc := range docs {
		if diff := cmp.Diff(want[i], figures(doc)); diff != "" {
			t.Errorf("line %d differs (-want +got):\n%s", i, diff)
		}
	}
	if got := docs[1].Data[0].Dimensions["Group"]; got != "none" {
		t.Errorf("a group without a name is %q, which CloudWatch would drop", got)
	}
}

// TestCatalogueIsComplete: what is sent stands in the catalogue as it is sent,
// and all of that is sent.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	type entry struct{ name, unit, dimensions string }
	want := map[entry]bool{}
	for _, m := range telemetry.Catalogue() {
		if c := m.CloudWatch; c.Name != "" {
			want[entry{c.Name, c.Unit, strings.Join(slices.Sorted(slices.Values(c.Dimensions)), " ")}] = true
		}
	}
	got := map[entry]bool{}
	s, out := newSink(t)
	for _, e := range telemetrytest.Events() {
		for _, doc := range observed(t, s, out, e) {
			for _, d := range doc.Data {
				got[entry{d.Name, d.Unit, strings.Join(slices.Sorted(maps.Keys(d.Dimensions)), " ")}] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("catalogue and metrics differ (-catalogue +sent):\n%s", diff)
	}
}

// TestHostileText: whatever stands in an event, its lines are valid and one each.
func TestHostileText(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	plain := rapid.StringMatching(`[a-z0-9._-]{1,63}`)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		r := telemetrytest.Request()
		r.Client, r.Model, r.Code = text.Draw(rt, "client"), text.Draw(rt, "model"), text.Draw(rt, "code")
		r.Attempts[0].Target, r.Attempts[0].Key = plain.Draw(rt, "pool")+"/"+text.Draw(rt, "target"), text.Draw(rt, "key")
		r.Status = rapid.IntRange(200, 599).Draw(rt, "status")
		r.Total = time.Duration(rapid.Int64().Draw(rt, "total"))
		r.Cost = prices.Microdollars(rapid.Int64Min(0).Draw(rt, "cost"))
		if docs := observed(t, s, out, r); len(docs) != 2 {
			rt.Errorf("%d lines, want 2", len(docs))
		}
	})
}

func TestBounds(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	long := strings.Repeat("ü", 1<<20)
	docs := observed(t, s, out, telemetry.StoreTrouble{Pool: long, Operation: long, Cause: long})
	if n := out.Len(); n > 20<<10 || len(docs) != 1 {
		t.Errorf("%d bytes in %d lines", n, len(docs))
	}
	docs = observed(t, s, out, telemetry.Rebalance{
		Keys: []telemetry.KeyState{{Pool: "p", Name: strings.Repeat("k", 2000), Weight: 1}, {Pool: "p", Name: "k", Weight: math.NaN()}, {Pool: "p", Name: "k", Weight: math.Inf(1)}},
	})
	if n := len(docs[0].Data[0].Dimensions["Key"]); n != 1024 {
		t.Errorf("dimension of %d bytes, want 1024", n)
	}
	for _, doc := range docs[1:3] {
		if doc.Data != nil {
			t.Errorf("%+v, want no metric: JSON cannot write it", doc.Data)
		}
	}
	// A giant among events must not stay in memory, nor its text in later lines.
	if after := observed(t, s, out, telemetrytest.Plain()); len(after) != 1 || out.Len() > 1500 {
		t.Errorf("%d lines of %d bytes after that", len(after), out.Len())
	}
}

// strange is an event of no known kind.
type strange struct{}

func (strange) Line(dst []slog.Attr) (slog.Level, string, []slog.Attr) {
	return slog.LevelDebug, "strange", append(dst, slog.Duration("d", time.Second), slog.Any("nil", nil))
}

func TestUnknownEventIsALogLine(t *testing.T) {
	t.Parallel()
	s, out := newSink(t)
	doc := observed(t, s, out, strange{})[0]
	want := map[string]any{"time": "2026-11-22T09:30:00Z", "level": "DEBUG", "msg": "strange", "d": "1s", "nil": "<nil>"}
	if diff := cmp.Diff(want, doc.Members); diff != "" || doc.Data != nil {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

// TestDefaults: without a namespace and a clock it works as well.
func TestDefaults(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	emf.New(emf.Config{Out: &out}).Observe(t.Context(), telemetrytest.Plain())
	doc, err := emftest.Parse(bytes.TrimSpace(out.Bytes()), time.Now())
	if err != nil || doc.Data[0].Namespace != "Fallow" {
		t.Errorf("%+v, %v", doc.Data, err)
	}
}

// TestConcurrent: lines of concurrent requests do not mix.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := emf.New(emf.Config{Out: &out, Now: now})
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 50 {
				s.Observe(t.Context(), telemetrytest.Request())
			}
		})
	}
	running.Wait()
	cold, lines := 0.0, 0
	for line := range bytes.Lines(out.Bytes()) {
		doc, err := emftest.Parse(bytes.TrimSpace(line), now())
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines++
		cold += figures(doc)["ColdStarts Count"]
	}
	if lines != 800 || cold != 1 {
		t.Errorf("%d lines with %v cold starts, want 800 with one", lines, cold)
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, bm := range []struct {
		name string
		r    telemetry.Request
	}{{"answered", telemetrytest.Plain()}, {"after a refusal", telemetrytest.Request()}} {
		b.Run(bm.name, func(b *testing.B) {
			s := emf.New(emf.Config{Out: io.Discard})
			b.ReportAllocs()
			for b.Loop() {
				s.Observe(b.Context(), bm.r)
			}
		})
	}
}
