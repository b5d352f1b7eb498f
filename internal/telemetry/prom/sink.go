// Package prom keeps metrics of events for GET /metrics of a server.
//
// It is not for Lambda, where nobody could scrape the instances and the client
// library would only lengthen cold starts; package emf does its part there.
//
// Names follow Prometheus's conventions, and OpenTelemetry's semantic
// conventions for generative AI where those have one, translated as OpenTelemetry
// says: gen_ai.client.operation.duration in s becomes
// gen_ai_client_operation_duration_seconds. Towards its clients Fallow is what
// those conventions call a server, towards providers a client.
//
// # Labels
//
// No label has values that a client can make up at will. Routes, pools, groups
// and keys are those of the config document; classes, outcomes and the like are
// fixed lists. The one open set is the upstream model of a route such as "*": of
// those the first 100 have a name and all others are "other". Requests, clients
// and conversations are never labels: those are for logs and traces.
package prom

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Config is what a Sink is made of.
type Config struct {
	// Version of the program, for fallow_build_info.
	Version string
	// Dropped counts the events that another sink had no room for; nil means
	// none.
	Dropped func() uint64
	// Revision is the number of the config revision that is served; nil means 0,
	// the deployed file.
	Revision func() int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Sink counts events. It is safe for concurrent use.
type Sink struct {
	now      func() time.Time
	registry *prometheus.Registry
	requests requests
	attempts attempts
	pools    pools
}

var _ telemetry.Sink = (*Sink)(nil)

// New makes a sink with a registry of its own, in which the Go runtime and the
// process are too.
func New(cfg Config) *Sink {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Dropped == nil {
		cfg.Dropped = func() uint64 { return 0 }
	}
	if cfg.Revision == nil {
		cfg.Revision = func() int64 { return 0 }
	}
	s := &Sink{now: cfg.Now, registry: prometheus.NewRegistry()}
	r := registrar{s.registry, families()}
	s.requests, s.attempts, s.pools = newRequests(r), newAttempts(r), newPools(r)
	r.counterFunc("fallow_telemetry_dropped_events_total", func() float64 { return float64(cfg.Dropped()) })
	r.gaugeFunc("fallow_config_revision", func() float64 { return float64(cfg.Revision()) })
	r.gauge("fallow_build_info").WithLabelValues(cfg.Version).Set(1)
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Handler serves the metrics, in the text format or that of OpenMetrics.
func (s *Sink) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

// Observe implements telemetry.Sink.
func (s *Sink) Observe(_ context.Context, e telemetry.Event) {
	switch e := e.(type) {
	case telemetry.Request:
		s.requests.observe(e)
		s.attempts.observe(e)
		for _, b := range e.Bookings {
			s.pools.bookings.WithLabelValues(b.Pool, string(b.Result)).Inc()
		}
	case telemetry.Cooldown:
		s.pools.cooldowns.WithLabelValues(e.Pool, string(e.Class), string(e.Change)).Inc()
	case telemetry.Rebalance:
		s.pools.standing.observe(e, s.now())
	case telemetry.StoreTrouble:
		if !e.Recovered {
			s.pools.store.WithLabelValues(e.Operation).Inc()
		}
	}
}
