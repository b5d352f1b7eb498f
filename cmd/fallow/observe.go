package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/otlp"
	"github.com/fallow-dev/fallow/internal/telemetry/prom"
)

// observer is where a server's events go: log lines, the metrics of
// GET /metrics, and traces if the environment says where to.
type observer struct {
	app.Telemetry
	metrics *prom.Sink
	traces  *otlp.Exporter // nil when there are none
	live    atomic.Pointer[app.Live]
	log     *slog.Logger
}

func newObserver(environ []string, log *slog.Logger) (*observer, error) {
	traces, tracer, err := app.Traces(environ, log)
	if err != nil {
		return nil, err
	}
	o := &observer{traces: traces, log: log}
	cfg := prom.Config{Version: buildVersion(), Revision: func() int64 { return o.live.Load().InForce().Revision }}
	if traces != nil {
		cfg.Dropped = traces.Dropped
	}
	o.metrics = prom.New(cfg)
	sinks := []telemetry.Sink{telemetry.Log(log), o.metrics}
	if traces != nil {
		sinks = append(sinks, traces)
	}
	o.Telemetry = app.Telemetry{Sink: telemetry.Fan(log, sinks...), Tracer: tracer}
	return o, nil
}

// follow tells the metrics whose revision they show. It is called before
// anything is served: what is served needs the metrics first.
func (o *observer) follow(live *app.Live) { o.live.Store(live) }

// beside serves GET /metrics to operators beside all that the gateway serves.
func (o *observer) beside(g *gateway.Gateway) http.Handler {
	metrics := g.ForOperators(o.metrics.Handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			metrics.ServeHTTP(w, r)
			return
		}
		g.ServeHTTP(w, r)
	})
}

// lastWords is how long the last traces may take at the end.
const lastWords = 5 * time.Second

// close sends what waits, once nothing more happens.
func (o *observer) close(ctx context.Context) {
	if o.traces == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := o.traces.Close(ctx); err != nil {
		o.log.Warn("the last traces were not exported in time", "error", err)
	}
}
