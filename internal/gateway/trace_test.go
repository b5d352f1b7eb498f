package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

// TestTraceGoesOn: each call tells the provider of the client's trace, with a
// span of its own as the parent; the event has the same.
func TestTraceGoesOn(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	var told []http.Header
	answer := func(w http.ResponseWriter, r *http.Request) {
		if told = append(told, r.Header.Clone()); len(told) == 1 {
			limited(30)(w, r)
			return
		}
		whole("hi")(w, r)
	}
	u.on("main_k1", answer)
	u.on("main_k2", answer)
	b := newBench(t, u, options{trace: &telemetry.Tracer{}})
	b.post(t, hello, "traceparent", "00-"+traceID+"-00f067aa0ba902b7-01", "tracestate", "vendor=1")
	if len(told) != 2 {
		t.Fatalf("%d calls, want the refused one and another", len(told))
	}
	e := b.last(t)
	if !e.Trace.Sampled || e.Trace.Span == (telemetry.SpanID{}) || e.At.IsZero() {
		t.Errorf("event at %s with trace %+v", e.At, e.Trace)
	}
	for i, h := range told {
		if got, want := h.Get("Traceparent"), e.Trace.Traceparent(e.Attempts[i].Span); got != want || !strings.Contains(got, traceID) {
			t.Errorf("call %d was told %q, want %q", i, got, want)
		}
		if got := h.Get("Tracestate"); got != "vendor=1" {
			t.Errorf("call %d was told the state %q", i, got)
		}
	}
	if told[0].Get("Traceparent") == told[1].Get("Traceparent") {
		t.Error("two calls have one span")
	}
	if first, second := e.Attempts[0], e.Attempts[1]; second.Began < first.Began+first.Took {
		t.Errorf("attempts %+v overlap", e.Attempts)
	}
}

func TestNoTraceIsBegunUnasked(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Traceparent"); got != "" {
			t.Errorf("the provider was told %q", got)
		}
		whole("hi")(w, r)
	})
	b := newBench(t, u, options{keys: []string{"k1"}})
	b.post(t, hello)
	if e := b.last(t); e.Trace != (telemetry.Trace{}) {
		t.Errorf("trace %+v", e.Trace)
	}
}

// TestBookingsAreReported: those that found room, and the one that did not.
func TestBookingsAreReported(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", limited(30))
	b := newBench(t, u, options{keys: []string{"k1"}})
	b.post(t, hello)
	e := b.last(t)
	if len(e.Bookings) != 2 {
		t.Fatalf("bookings %+v, want two", e.Bookings)
	}
	first, second := e.Bookings[0], e.Bookings[1]
	if first.Pool != "main" || first.Key != "k1" || first.Group != "k1" || first.Result != telemetry.Booked {
		t.Errorf("first booking %+v", first)
	}
	if second.Pool != "main" || second.Key != "" || second.Result != telemetry.Exhausted || second.Began < first.Began {
		t.Errorf("second booking %+v", second)
	}
	if late := b.post(t, hello, "x-fallow-deadline", "1ns"); late.StatusCode != 504 {
		t.Fatalf("status %d", late.StatusCode)
	}
	if e := b.last(t); len(e.Bookings) != 1 || e.Bookings[0].Result != telemetry.OutOfTime || e.Bookings[0].Took > time.Second {
		t.Errorf("bookings %+v, want one that ran out of time", e.Bookings)
	}
}
