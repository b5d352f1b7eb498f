package gateway

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
)

const (
	// A provider's list of models changes a few times a year.
	modelsFresh = 10 * time.Minute
	// A provider that does not list is asked again sooner, and the list goes
	// out without its models meanwhile.
	modelsRetry = 30 * time.Second
	// modelsTimeout bounds the question; it is the client's wait.
	modelsTimeout = 5 * time.Second
	maxModelsBody = 4 << 20
)

// modelList caches what the providers list. One caller asks, the others wait.
type modelList struct {
	mu     sync.Mutex // held while asking
	byPool map[string][]provider.Model
	until  time.Time
}

// listModels serves GET /v1/models: the routes of the config, and what the
// providers list as far as a route leads to it.
func (g *Gateway) listModels(w http.ResponseWriter, r *http.Request) {
	if _, denied := g.authenticate(r); denied != nil {
		writeError(w, shapeOf(r), denied)
		return
	}
	models := slices.SortedFunc(maps.Values(g.list(g.providerModels(r.Context()))), func(a, b provider.Model) int { return strings.Compare(a.ID, b.ID) })
	if shapeOf(r) == (anthropicShape{}) {
		writeJSON(w, http.StatusOK, anthropicModels(models))
	} else {
		writeJSON(w, http.StatusOK, openAIModels(models))
	}
}

// list is the list by name, of what the providers list by pool.
func (g *Gateway) list(byPool map[string][]provider.Model) map[string]provider.Model {
	found := map[string]provider.Model{}
	for pool, models := range byPool {
		for _, m := range models {
			if g.leadsTo(m.ID, pool) {
				m.Owner = cmp.Or(m.Owner, pool)
				found[m.ID] = m
			}
		}
	}
	for name := range g.cfg.Document.Models {
		if _, listed := found[name]; !listed && !strings.HasSuffix(name, "*") {
			found[name] = provider.Model{ID: name, Owner: "fallow"}
		}
	}
	return found
}

// leadsTo reports whether a client that names the model reaches the pool.
func (g *Gateway) leadsTo(model, pool string) bool {
	route, ok := g.cfg.Document.Route(model)
	return ok && route.Targets[0].Pool == pool
}

// providerModels asks all pools at once, or answers from memory.
func (g *Gateway) providerModels(ctx context.Context) map[string][]provider.Model {
	g.models.mu.Lock()
	defer g.models.mu.Unlock()
	now := g.cfg.Now()
	if now.Before(g.models.until) {
		return g.models.byPool
	}
	// The answer is for all callers: it does not end with the one that asks.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), modelsTimeout)
	defer cancel()
	fresh, failed := g.askForModels(ctx)
	g.models.until = now.Add(modelsFresh)
	if failed {
		g.models.until = now.Add(modelsRetry)
	}
	old := g.models.byPool
	g.models.byPool = maps.Clone(old)
	if g.models.byPool == nil {
		g.models.byPool = map[string][]provider.Model{}
	}
	maps.Copy(g.models.byPool, fresh)
	return g.models.byPool
}

func (g *Gateway) askForModels(ctx context.Context) (fresh map[string][]provider.Model, failed bool) {
	var mu sync.Mutex
	var asking sync.WaitGroup
	fresh = map[string][]provider.Model{}
	for name, u := range g.cfg.Upstreams {
		if u.Dialect.ModelsCall() == nil {
			continue // it has no list: the routes are what is listed
		}
		asking.Go(func() {
			models, err := g.askOne(ctx, u)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				g.cfg.Log.Warn("provider did not list its models", "pool", name, "error", g.redacted(ctx, err.Error()))
				failed = true
				return
			}
			fresh[name] = models
		})
	}
	asking.Wait()
	return fresh, failed
}

// askOne tries the pool's keys until one may list. Listing is free and takes
// no quota, so nothing is booked for it; nor does a refusal count against a key,
// which may be restricted to generating.
func (g *Gateway) askOne(ctx context.Context, u *Upstream) ([]provider.Model, error) {
	var last error
	for _, name := range slices.Sorted(maps.Keys(u.Keys)) {
		t := target{Upstream: u}
		c, err := g.withSecret(ctx, t, name, func(key secret.Value) (conn, error) {
			return t.send(ctx, u.Dialect.ModelsCall(), key, modelsTimeout, g.cfg.Now)
		})
		if err != nil {
			last = err
			continue
		}
		return c.models(u.Dialect)
	}
	return nil, last
}

// models reads a list of models.
func (c conn) models(d provider.Dialect) ([]provider.Model, error) {
	defer c.close()
	body, err := io.ReadAll(io.LimitReader(c.resp.Body, maxModelsBody))
	if err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	return d.ParseModels(body)
}
