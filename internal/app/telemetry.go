package app

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/telemetry/emf"
	"github.com/fallow-dev/fallow/internal/telemetry/otlp"
)

// Telemetry is where events go and what begins traces. The zero Telemetry
// writes log lines and traces nothing.
type Telemetry struct {
	// Sink takes events; nil means that they become lines of Config.Log.
	Sink telemetry.Sink
	// Tracer begins the traces of requests; nil begins none.
	Tracer *telemetry.Tracer
}

// LambdaTelemetry writes events as log lines with metrics in them, and exports
// traces if the environment says where to. The namespace of the metrics is
// FALLOW_METRICS_NAMESPACE, which template.yaml sets to the stack's name. It does no I/O.
func LambdaTelemetry(out io.Writer, getenv func(string) string, log *slog.Logger) (Telemetry, error) {
	t := Telemetry{Sink: emf.New(emf.Config{Out: out, Namespace: getenv("FALLOW_METRICS_NAMESPACE")})}
	cfg, tracer, on, err := otlp.FromEnv(getenv)
	if !on || err != nil {
		return t, err
	}
	cfg.Log, cfg.Inline = log, true
	return Telemetry{Sink: telemetry.Fan(log, t.Sink, otlp.New(cfg)), Tracer: tracer}, nil
}

// Traces exports traces from a server if the environment says where to, else
// the exporter is nil. The caller closes it.
func Traces(environ []string, log *slog.Logger) (*otlp.Exporter, *telemetry.Tracer, error) {
	cfg, tracer, on, err := otlp.FromEnv(lookup(environ))
	if !on || err != nil {
		return nil, nil, err
	}
	cfg.Log = log
	return otlp.New(cfg), tracer, nil
}

// lookup reads an environment in the form of os.Environ, where the first of two
// entries counts.
func lookup(environ []string) func(string) string {
	return func(name string) string {
		for _, line := range environ {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// observe hands a request's event on, with what only the document knows of it.
func (cfg Config) observe() func(context.Context, telemetry.Request) {
	sink := cfg.sink()
	return func(ctx context.Context, r telemetry.Request) {
		r.Route = routeName(cfg.Document.Models, r.Model)
		r.Provider = cfg.Document.Pools[telemetry.PoolOf(r.Target)].Provider
		for i := range r.Attempts {
			r.Attempts[i].Provider = cfg.Document.Pools[telemetry.PoolOf(r.Attempts[i].Target)].Provider
		}
		sink.Observe(ctx, r)
	}
}

// content hands on what a route has logged of a request.
func (cfg Config) content() func(context.Context, telemetry.Content) {
	sink := cfg.sink()
	return func(ctx context.Context, c telemetry.Content) {
		c.Route = routeName(cfg.Document.Models, c.Model)
		sink.Observe(ctx, c)
	}
}

func (cfg Config) sink() telemetry.Sink {
	if cfg.Telemetry.Sink == nil {
		return telemetry.Log(cfg.Log)
	}
	return cfg.Telemetry.Sink
}

// routeName is the name under which config.Config.Route finds a model's route;
// empty when there is none. Metrics are counted by it, for clients name models
// as they like.
func routeName(routes map[string]config.Route, model string) string {
	if _, ok := routes[model]; ok {
		return model
	}
	found := ""
	for name := range routes {
		prefix, isPattern := strings.CutSuffix(name, "*")
		if isPattern && len(name) > len(found) && strings.HasPrefix(model, prefix) && model != "" {
			found = name
		}
	}
	return found
}
