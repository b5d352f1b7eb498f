package gateway

// target is one link of a fallback chain, resolved.
type target struct {
	*Upstream
	pool  string
	model string
	last  bool // nothing comes after it
}

func (t target) String() string { return t.pool + "/" + t.model }

// route resolves the model a client named to the targets to try, in order.
func (g *Gateway) route(model string) ([]target, error) {
	route, ok := g.cfg.Document.Route(model)
	if !ok {
		return nil, unknownModel(model)
	}
	targets := make([]target, 0, len(route.Targets))
	for i, t := range route.Targets {
		resolved := target{Upstream: g.cfg.Upstreams[t.Pool], pool: t.Pool, model: t.Model, last: i == len(route.Targets)-1}
		if resolved.model == "" {
			resolved.model = model
		}
		targets = append(targets, resolved)
	}
	return targets, nil
}
