package gateway

import (
	"context"

	"github.com/fallow-dev/fallow/internal/secret"
)

// Warm reads every secret and every pool's state once, so that the first
// requests find connections open and credentials at hand. It is optional and
// may run beside requests; what fails is logged and shows in /readyz.
func (g *Gateway) Warm(ctx context.Context) {
	for name, ref := range g.references() {
		if _, err := g.cfg.Secrets.Get(ctx, ref); err != nil {
			g.cfg.Log.Warn("secret not readable yet", "for", name, "error", err)
		}
	}
	for _, u := range g.cfg.Upstreams {
		u.Pool.State(ctx)
	}
}

// references lists every credential by its place in the config document.
func (g *Gateway) references() map[string]secret.Ref {
	refs := map[string]secret.Ref{}
	for name, u := range g.cfg.Upstreams {
		for key, ref := range u.Keys {
			refs["pools."+name+".keys."+key] = ref
		}
	}
	for _, c := range g.clients {
		refs["clients.tokens."+c.name] = c.ref
	}
	for i, ref := range g.edge {
		refs[edgePath(i)] = ref
	}
	if g.admin != (secret.Ref{}) {
		refs["admin"] = g.admin
	}
	return refs
}
