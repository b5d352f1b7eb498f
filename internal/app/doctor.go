package app

import (
	"fmt"
	"log/slog"

	"github.com/fallow-dev/fallow/internal/doctor"
)

// Doctor puts an examination together from the same parts as the gateway, so
// that it sees what the gateway would. What it needs of AWS is for the caller
// to add. It does no I/O.
func Doctor(cfg Config) (doctor.Config, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	out := doctor.Config{
		Document: cfg.Document, Table: cfg.Table, Secrets: Secrets(cfg.Environ, cfg.Log), Upstreams: map[string]doctor.Upstream{},
	}
	for name, p := range cfg.Document.Pools {
		u, err := asked(p, cfg.Environ)
		if err != nil {
			return doctor.Config{}, fmt.Errorf("pools.%s: %w", name, err)
		}
		out.Upstreams[name] = doctor.Upstream{Dialect: u.Dialect, BaseURL: u.BaseURL, Client: u.Client}
	}
	return out, nil
}
