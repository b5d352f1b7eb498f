package otlp

import (
	"cmp"
	"encoding/hex"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// firstToken is the name of the event within a span.
const firstToken = "gen_ai.first_token"

// spansOf makes the spans of a request: its own first, then its bookings and
// attempts, which are children of it.
func spansOf(r telemetry.Request) []span {
	spans := []span{requestSpan(r)}
	for _, b := range r.Bookings {
		s := child(r, telemetry.NewSpanID(), b.Began, b.Took)
		s.Name, s.Kind = "book "+b.Pool, kindInternal
		s.Attributes.text("fallow.pool", b.Pool)
		s.Attributes.text("fallow.key", b.Key)
		s.Attributes.text("fallow.group", b.Group)
		s.Attributes.text("fallow.booking.result", string(b.Result))
		s.Attributes.yes("fallow.booking.probe", b.Probe)
		s.Status = failed(b.Result != telemetry.Booked)
		spans = append(spans, s)
	}
	for i := range r.Attempts {
		spans = append(spans, attemptSpan(r, i))
	}
	return spans
}

func requestSpan(r telemetry.Request) span {
	outcome, operation := r.Outcome(), telemetry.Operation(r.API)
	s := span{
		TraceID: hex.EncodeToString(r.Trace.ID[:]), SpanID: spanID(r.Trace.Span), ParentID: spanID(r.Trace.Parent),
		TraceState: r.Trace.State, Name: operation + " " + cmp.Or(r.Route, telemetry.None), Kind: kindServer,
		Start: nano(r.At), End: nano(r.At.Add(r.Total)),
		Status: failed(isFailure(outcome)),
	}
	s.Attributes.text("gen_ai.operation.name", operation)
	s.Attributes.text("gen_ai.request.model", r.Model)
	s.Attributes.count("http.response.status_code", int64(r.Status))
	if outcome != telemetry.Answered {
		s.Attributes.text("error.type", cmp.Or(r.Code, string(outcome)))
	}
	s.Attributes.text("fallow.request_id", r.ID)
	s.Attributes.text("fallow.client", r.Client)
	s.Attributes.text("fallow.route", r.Route)
	s.Attributes.text("fallow.outcome", string(outcome))
	s.Attributes.count("fallow.wait_ms", r.Waited.Milliseconds())
	s.Attributes.count("fallow.cost_microusd", int64(r.Cost))
	s.Attributes.yes("fallow.batch", r.Batch)
	if r.FirstToken > 0 {
		s.Events = append(s.Events, event{nano(r.At.Add(r.FirstToken)), firstToken})
	}
	return s
}

// isFailure: what a client did wrong, or did not wait for, is no failure of the
// server's span (OpenTelemetry's conventions for HTTP spans).
func isFailure(o telemetry.Outcome) bool {
	switch o {
	case telemetry.Broken, telemetry.Shed, telemetry.ProviderFault, telemetry.GatewayFault:
		return true
	}
	return false
}

func attemptSpan(r telemetry.Request, i int) span {
	a, operation := r.Attempts[i], telemetry.Operation(r.API)
	id := a.Span
	if id == (telemetry.SpanID{}) {
		id = telemetry.NewSpanID()
	}
	s := child(r, id, a.Began, r.Duration(i))
	s.Name, s.Kind = operation+" "+telemetry.ModelOf(a.Target), kindClient
	s.Status = failed(a.Class != "" && a.Class != telemetry.ClientGone)
	s.Attributes.text("gen_ai.operation.name", operation)
	s.Attributes.text("gen_ai.provider.name", telemetry.GenAIProvider(a.Provider))
	s.Attributes.text("gen_ai.request.model", telemetry.ModelOf(a.Target))
	s.Attributes.text("error.type", string(a.Class))
	s.Attributes.text("fallow.pool", telemetry.PoolOf(a.Target))
	s.Attributes.text("fallow.key", a.Key)
	if i == len(r.Attempts)-1 {
		usage(&s.Attributes, r)
	}
	if r.Stream && a.Class == "" {
		s.Events = append(s.Events, event{nano(r.At.Add(a.Began + a.Took)), firstToken})
	}
	return s
}

// usage belongs to the last attempt, the only one that can have produced
// anything. The conventions count cached tokens among the input.
func usage(a *attributes, r telemetry.Request) {
	u := r.Usage
	a.count("gen_ai.usage.input_tokens", u.InputTokens+u.CacheReadTokens+u.CacheWriteTokens)
	a.count("gen_ai.usage.output_tokens", u.OutputTokens)
	a.count("gen_ai.usage.cache_read.input_tokens", u.CacheReadTokens)
	a.count("gen_ai.usage.cache_creation.input_tokens", u.CacheWriteTokens)
	a.yes("gen_ai.request.stream", r.Stream)
}

func child(r telemetry.Request, id telemetry.SpanID, began, took time.Duration) span {
	from := r.At.Add(began)
	return span{
		TraceID: hex.EncodeToString(r.Trace.ID[:]), SpanID: spanID(id), ParentID: spanID(r.Trace.Span), TraceState: r.Trace.State,
		Start: nano(from), End: nano(from.Add(took)),
	}
}
