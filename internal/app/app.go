// Package app puts the parts together: a config document and a store become a
// gateway. The Lambda function and the server mode call it with their own
// store and their own way to run work behind the answer; nothing else differs.
package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/estimate/ratios"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/prices"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store"
)

// Config is what a gateway is put together from.
type Config struct {
	// Document is the validated configuration. Required.
	Document *config.Config
	// Table is the shared state. Required.
	Table store.Table
	// Environ is where env: secrets stand; as os.Environ. The AWS SDK reads the
	// process's own environment, whatever this says.
	Environ []string
	// Secrets outlive a gateway that is replaced by another; nil means its own.
	Secrets *secret.Cache
	// After and LocalAdmin are passed on to the gateway.
	After      func(context.Context, func(context.Context))
	LocalAdmin bool
	// InForce tells operators which document Document is; nil means that nobody
	// does. A Live sets its own.
	InForce func() gateway.InForce
	// Telemetry is where events go.
	Telemetry Telemetry
	// Log takes everything else; nil discards.
	Log *slog.Logger
}

// New puts a gateway together. It does no I/O.
func New(cfg Config) (*gateway.Gateway, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	upstreams, learned := map[string]*gateway.Upstream{}, &estimate.Ratios{}
	for name, p := range cfg.Document.Pools {
		u, err := upstream(name, p, cfg, learned)
		if err != nil {
			return nil, fmt.Errorf("pools.%s: %w", name, err)
		}
		upstreams[name] = u
	}
	return gateway.New(gateway.Config{
		Document:   cfg.Document,
		Upstreams:  upstreams,
		Secrets:    cmp.Or(cfg.Secrets, Secrets(cfg.Environ, cfg.Log)),
		Ratios:     learned,
		Observe:    cfg.observe(),
		Content:    cfg.content(),
		Trace:      cfg.Telemetry.Tracer,
		After:      cfg.After,
		LocalAdmin: cfg.LocalAdmin,
		InForce:    cfg.InForce,
		Log:        cfg.Log,
	})
}

// upstream turns a pool of the document into one that serves.
func upstream(name string, p config.Pool, cfg Config, learned *estimate.Ratios) (*gateway.Upstream, error) {
	known, err := providerOf(p, cfg.Environ)
	if err != nil {
		return nil, err
	}
	share := ratios.NewShare(ratios.ShareConfig{Ratios: learned, Table: cfg.Table, Pool: name})
	u := &gateway.Upstream{
		Dialect: known.dialect, BaseURL: baseURL(p, known.dialect), Keys: map[string]secret.Ref{},
		Timeouts: p.Timeouts, Client: client(p.Timeouts), Formula: known.formula,
		Learned: share.Publish, Price: priceOf(p),
	}
	var keys []pool.Key
	for _, k := range p.Keys {
		ref, err := secret.ParseRef(k.Secret)
		if err != nil {
			return nil, fmt.Errorf("keys.%s: %w", k.Name, err)
		}
		u.Keys[k.Name] = ref
		keys = append(keys, pool.Key{Name: k.Name, Weight: k.Weight, Quota: k.Quota})
	}
	u.Pool = pool.New(pool.Config{
		Name: name, Keys: keys, Table: cfg.Table, WaitBudget: p.WaitBudget.D(), Log: cfg.Log, Observe: cfg.sink().Observe,
		Prepaid: known.prepaid, Others: share.Take,
		Limits: pool.Limits{
			Requests: p.Limits.Requests, InputTokens: p.Limits.InputTokens, OutputTokens: p.Limits.OutputTokens,
		},
		Now: wallClock,
	})
	return u, nil
}

// priceOf looks prices up as the pool's provider lists them; behind a
// compatible endpoint its host tells who that is.
func priceOf(p config.Pool) func(model string) (prices.Price, bool) {
	provider := p.Provider
	if u, err := url.Parse(p.BaseURL); err == nil && provider == config.ProviderOpenAICompatible {
		provider = prices.HostProvider(u.Hostname())
	}
	if provider == config.ProviderClaudeAWS {
		provider = claudeSeller(p)
	}
	return func(model string) (prices.Price, bool) { return prices.Lookup(provider, model) }
}
