package prom

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// attempts are the families of calls to providers.
type attempts struct {
	total                        *prometheus.CounterVec
	duration, firstChunk, tokens *prometheus.HistogramVec
	models                       *nameSet
}

func newAttempts(r registrar) attempts {
	return attempts{
		total:      r.counter("fallow_attempts_total"),
		duration:   r.histogram("gen_ai_client_operation_duration_seconds", durations),
		firstChunk: r.histogram("gen_ai_client_operation_time_to_first_chunk_seconds", durations),
		tokens:     r.histogram("gen_ai_client_token_usage", tokens),
		models:     &nameSet{most: mostModels},
	}
}

func (t attempts) observe(r telemetry.Request) {
	operation := telemetry.Operation(r.API)
	for i, a := range r.Attempts {
		class := cmp.Or(string(a.Class), telemetry.AnsweredClass)
		t.total.WithLabelValues(telemetry.PoolOf(a.Target), class).Inc()
		labels := []string{operation, telemetry.GenAIProvider(a.Provider), t.models.name(telemetry.ModelOf(a.Target))}
		t.duration.WithLabelValues(append(labels, string(a.Class))...).Observe(r.Duration(i).Seconds())
		if r.Stream && a.Class == "" {
			t.firstChunk.WithLabelValues(labels...).Observe(a.Took.Seconds())
		}
		if i == len(r.Attempts)-1 {
			t.used(r, labels)
		}
	}
}

// used belongs to the last attempt, the only one that can have produced anything.
func (t attempts) used(r telemetry.Request, labels []string) {
	u := r.Usage
	if n := u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens; n > 0 {
		t.tokens.WithLabelValues(append(labels, "input")...).Observe(float64(n))
	}
	if u.OutputTokens > 0 {
		t.tokens.WithLabelValues(append(labels, "output")...).Observe(float64(u.OutputTokens))
	}
}
