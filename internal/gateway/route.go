package gateway

import "github.com/fallow-dev/fallow/internal/config"

// target is one link of a fallback chain, resolved.
type target struct {
	*Upstream
	pool   string
	model  string
	last   bool // nothing comes after it
	strict bool // nothing may be left out of the request
}

func (t target) String() string { return t.pool + "/" + t.model }

// route resolves the model a client named to the targets to try, in order.
func (g *Gateway) route(x *exchange, model string) ([]target, error) {
	route, ok := g.cfg.Document.Route(model)
	if !ok {
		return nil, unknownModel(model)
	}
	x.event.Batch = x.isBatch(route)
	x.listen(route.Log)
	var targets []target
	for _, t := range route.Targets {
		resolved := target{
			Upstream: g.cfg.Upstreams[t.Pool], pool: t.Pool, model: t.Model,
			strict: route.Unsupported == config.UnsupportedReject,
		}
		if resolved.model == "" {
			resolved.model = model
		}
		if x.mayUse(t.Pool) {
			targets = append(targets, resolved)
		}
	}
	if len(targets) == 0 {
		return nil, elsewhere(model)
	}
	targets[len(targets)-1].last = true
	return targets, nil
}
