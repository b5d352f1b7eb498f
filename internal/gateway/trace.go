package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// The headers of W3C Trace Context.
const (
	headerTraceparent = "Traceparent"
	headerTracestate  = "Tracestate"
)

type traceKey struct{}

// traceHeaders are what a provider is told of the trace its call belongs to.
type traceHeaders struct{ parent, state string }

// traced is the context of the call that goes out now.
func (x *exchange) traced() context.Context {
	trace, last := x.event.Trace, x.event.Attempts[len(x.event.Attempts)-1]
	parent := trace.Traceparent(last.Span)
	if parent == "" {
		return x.ctx()
	}
	return context.WithValue(x.ctx(), traceKey{}, traceHeaders{parent, trace.State})
}

// passTrace puts the trace into the headers of a call. The client's own, which
// raw calls come with, are replaced: our span stands between.
func passTrace(ctx context.Context, h http.Header) {
	trace, ok := ctx.Value(traceKey{}).(traceHeaders)
	if !ok {
		return
	}
	h.Set(headerTraceparent, trace.parent)
	if h.Del(headerTracestate); trace.state != "" {
		h.Set(headerTracestate, trace.state)
	}
}

// booked notes a search for room and what came of it.
func (x *exchange) booked(t target, b *pool.Booking, err error, began time.Time, took time.Duration) {
	done := telemetry.Booking{Pool: t.pool, Result: telemetry.Booked, Began: began.Sub(x.began), Took: took}
	var exhausted *pool.ExhaustedError
	switch {
	case err == nil:
		done.Key, done.Group, done.Probe = b.Key, b.Group, b.Probe
	case errors.As(err, &exhausted):
		done.Result = telemetry.Exhausted
	default:
		done.Result = telemetry.OutOfTime
	}
	x.event.Bookings = append(x.event.Bookings, done)
}
