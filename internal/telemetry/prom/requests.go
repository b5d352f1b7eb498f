package prom

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// requests are the families of what clients saw.
type requests struct {
	total, tokens, cost                         *prometheus.CounterVec
	duration, firstToken, wait, overheadSeconds *prometheus.HistogramVec
}

func newRequests(r registrar) requests {
	return requests{
		total:           r.counter("fallow_requests_total"),
		tokens:          r.counter("fallow_tokens_total"),
		cost:            r.counter("fallow_cost_dollars_total"),
		duration:        r.histogram("gen_ai_server_request_duration_seconds", durations),
		firstToken:      r.histogram("gen_ai_server_time_to_first_token_seconds", durations),
		wait:            r.histogram("fallow_wait_seconds", waits),
		overheadSeconds: r.histogram("fallow_overhead_seconds", overheads),
	}
}

func (q requests) observe(r telemetry.Request) {
	route, outcome := cmp.Or(r.Route, telemetry.None), r.Outcome()
	q.total.WithLabelValues(route, string(outcome)).Inc()
	operation, provider := telemetry.Operation(r.API), telemetry.GenAIProvider(r.Provider)
	q.duration.WithLabelValues(operation, provider, route, errorType(outcome)).Observe(r.Total.Seconds())
	if outcome == telemetry.Answered && r.Stream && r.FirstToken > 0 {
		q.firstToken.WithLabelValues(operation, provider, route).Observe(r.FirstToken.Seconds())
	}
	if len(r.Bookings) > 0 || len(r.Attempts) > 0 {
		q.wait.WithLabelValues(route).Observe(r.Waited.Seconds())
	}
	if d, known := r.Overhead(); known && outcome == telemetry.Answered {
		q.overheadSeconds.WithLabelValues().Observe(d.Seconds())
	}
	q.used(r)
}

// errorType is the convention's error.type, which successes do not have.
func errorType(o telemetry.Outcome) string {
	if o == telemetry.Answered {
		return ""
	}
	return string(o)
}

func (q requests) used(r telemetry.Request) {
	pool := telemetry.PoolOf(r.Target)
	for kind, n := range map[string]int64{
		"input": r.Usage.InputTokens, "output": r.Usage.OutputTokens,
		"cache_read": r.Usage.CacheReadTokens, "cache_write": r.Usage.CacheWriteTokens,
	} {
		if n > 0 {
			q.tokens.WithLabelValues(pool, kind).Add(float64(n))
		}
	}
	if r.Cost > 0 {
		q.cost.WithLabelValues(pool).Add(float64(r.Cost) / 1e6)
	}
}
