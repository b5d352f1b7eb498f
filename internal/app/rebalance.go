package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/rebalance"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// Rebalancer puts the scheduled job together from the same parts as the
// gateway; After, LocalAdmin and InForce are not used. It does no I/O.
func Rebalancer(cfg Config) (*rebalance.Runner, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	upstreams := map[string]rebalance.Upstream{}
	for name, p := range cfg.Document.Pools {
		u, err := asked(p, cfg.Environ)
		if err != nil {
			return nil, fmt.Errorf("pools.%s: %w", name, err)
		}
		upstreams[name] = u
	}
	return rebalance.New(rebalance.Config{
		Document: cfg.Document, Table: cfg.Table, Log: cfg.Log,
		Upstreams: upstreams, Secrets: cmp.Or(cfg.Secrets, Secrets(cfg.Environ, cfg.Log)),
		Observe: func(ctx context.Context, e telemetry.Rebalance) { cfg.sink().Observe(ctx, e) },
		Now:     wallClock,
	}), nil
}

// asked is how the job asks a pool's provider how its keys are.
func asked(p config.Pool, environ []string) (rebalance.Upstream, error) {
	known, err := providerOf(p, environ)
	if err != nil {
		return rebalance.Upstream{}, err
	}
	u := rebalance.Upstream{
		Dialect: known.dialect, BaseURL: baseURL(p, known.dialect), Keys: map[string]secret.Ref{}, Client: client(p.Timeouts),
	}
	for _, k := range p.Keys {
		ref, err := secret.ParseRef(k.Secret)
		if err != nil {
			return rebalance.Upstream{}, fmt.Errorf("keys.%s: %w", k.Name, err)
		}
		u.Keys[k.Name] = ref
	}
	if p.AdminKey != "" {
		ref, err := secret.ParseRef(p.AdminKey)
		if err != nil {
			return rebalance.Upstream{}, fmt.Errorf("admin_key: %w", err)
		}
		u.Admin = &ref
	}
	return u, nil
}
