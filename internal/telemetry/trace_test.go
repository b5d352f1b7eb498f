package telemetry_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

const (
	id       = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent   = "00f067aa0ba902b7"
	sampled  = "00-" + id + "-" + parent + "-01"
	unwanted = "00-" + id + "-" + parent + "-00"
)

func TestTraceparent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, header string
		heard        bool
		sampled      bool // if heard
	}{
		{"sampled", sampled, true, true},
		{"not sampled", unwanted, true, false},
		{"other flags", "00-" + id + "-" + parent + "-03", true, true},
		{"later version", "01-" + id + "-" + parent + "-01", true, true},
		{"later version that goes on", "cc-" + id + "-" + parent + "-01-what-comes", true, true},
		{"later version that runs on", "cc-" + id + "-" + parent + "-01.what", false, false},
		{"this version that goes on", sampled + "-more", false, false},
		{"forbidden version", "ff-" + id + "-" + parent + "-01", false, false},
		{"no trace id", "00-" + strings.Repeat("0", 32) + "-" + parent + "-01", false, false},
		{"no parent", "00-" + id + "-" + strings.Repeat("0", 16) + "-01", false, false},
		{"upper case", strings.ToUpper(sampled), false, false},
		{"not hexadecimal", "00-" + strings.Replace(id, "4", "g", 1) + "-" + parent + "-01", false, false},
		{"other dashes", strings.ReplaceAll(sampled, "-", "_"), false, false},
		{"short", sampled[:54], false, false},
		{"empty", "", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tracer := &telemetry.Tracer{} // records nothing that begins here
			got := tracer.Begin(tt.header, "vendor=1")
			out := got.Traceparent(got.Child())
			if heard := strings.Contains(out, id); heard != tt.heard {
				t.Errorf("goes on as %s, heard: %v, want %v", out, heard, tt.heard)
			}
			if got.Sampled != tt.sampled {
				t.Errorf("sampled = %v, want %v", got.Sampled, tt.sampled)
			}
			if told := got.State == "vendor=1"; told != tt.heard {
				t.Errorf("tracestate %q: a state belongs to the trace it came with", got.State)
			}
		})
	}
}

func TestTracestateIsBounded(t *testing.T) {
	t.Parallel()
	tracer := &telemetry.Tracer{}
	if got := tracer.Begin(sampled, strings.Repeat("x", 513)); got.State != "" || got.Parent == (telemetry.SpanID{}) {
		t.Errorf("got %+v, want the trace without its state", got)
	}
	if got := tracer.Begin(sampled, strings.Repeat("x", 512)); len(got.State) != 512 {
		t.Errorf("state of %d bytes, want 512", len(got.State))
	}
}

func TestSampling(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		tracer telemetry.Tracer
		header string
		want   float64 // share
	}{
		{"all", telemetry.Tracer{Ratio: 1}, "", 1},
		{"none", telemetry.Tracer{}, "", 0},
		{"a quarter", telemetry.Tracer{Ratio: 0.25}, "", 0.25},
		{"the caller's yes", telemetry.Tracer{}, sampled, 1},
		{"the caller's no", telemetry.Tracer{Ratio: 1}, unwanted, 0},
		{"in spite of the caller", telemetry.Tracer{Ratio: 1, Always: true}, unwanted, 1},
		{"not even if the caller does", telemetry.Tracer{Always: true}, sampled, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const many = 20_000
			n := 0
			for range many {
				if tt.tracer.Begin(tt.header, "").Sampled {
					n++
				}
			}
			if got := float64(n) / many; math.Abs(got-tt.want) > 0.02 {
				t.Errorf("share %.3f, want %.2f", got, tt.want)
			}
		})
	}
}

// TestNoTrace: without a tracer there is nothing to pass on.
func TestNoTrace(t *testing.T) {
	t.Parallel()
	var off *telemetry.Tracer
	trace := off.Begin(sampled, "a=b")
	if trace != (telemetry.Trace{}) || trace.Child() != (telemetry.SpanID{}) || trace.Traceparent(telemetry.NewSpanID()) != "" {
		t.Errorf("got %+v", trace)
	}
	on := (&telemetry.Tracer{}).Begin("", "")
	if got := on.Traceparent(telemetry.SpanID{}); got != "" {
		t.Errorf("a call without a span is told %q", got)
	}
}

// TestTraceparentRoundTrip: what goes out is understood by the next of our kind.
func TestTraceparentRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tracer := &telemetry.Tracer{Ratio: rapid.Float64Range(0, 1).Draw(t, "ratio")}
		first := tracer.Begin("", "")
		span := first.Child()
		second := tracer.Begin(first.Traceparent(span), "")
		if second.ID != first.ID || second.Parent != span || second.Sampled != first.Sampled || second.Span == span {
			t.Errorf("first %+v, second %+v", first, second)
		}
	})
}

func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{sampled, unwanted, "", "cc-" + id + "-" + parent + "-01-x", strings.Repeat("-", 55)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := (&telemetry.Tracer{}).Begin(header, "s")
		if got.ID == (telemetry.TraceID{}) || got.Span == (telemetry.SpanID{}) {
			t.Errorf("%q: no ids: %+v", header, got)
		}
		if heard := got.State != ""; heard && !strings.HasPrefix(header[3:], got.Traceparent(got.Span)[3:35]) {
			t.Errorf("%q: heard as %+v", header, got)
		}
	})
}
