package peerconfig

import (
	"slices"
)

// portkey reads a config object (Portkey docs, ai-gateway/configs): a tree of
// strategies whose leaves are providers with a key. It is about one client's
// requests, whatever their model, so that it becomes the route for all names.
type portkey struct{ *importer }

func (im *importer) readPortkey() {
	p := portkey{im}
	root := im.root
	for _, wrapper := range []string{"data", "config"} { // as the API answers it
		if inner := root.get(wrapper); inner != nil && inner.kind == object && root.get("targets") == nil {
			root = inner
		}
	}
	if root.get("strategy").get("mode").text() == "conditional" {
		p.conditional(root)
		return
	}
	im.addRoute("*", root, p.node(root, inherited{})...)
}

// node returns what serves the requests that reach v, in the order of trying.
func (p portkey) node(v *value, from inherited) []tier {
	from = p.inherit(v, from)
	targets := v.get("targets").entries()
	if len(targets) == 0 {
		return p.leaf(v, from)
	}
	switch mode := v.get("strategy").get("mode").text(); mode {
	case "loadbalance":
		return p.balance(v, targets, from)
	case "fallback":
		var tiers []tier
		for _, t := range targets {
			tiers = append(tiers, p.node(t, from)...)
		}
		return tiers
	case "single", "":
		for _, t := range targets[1:] {
			p.lose(t, "only the first target is used without a strategy")
		}
		return p.node(targets[0], from)
	default:
		p.lose(v, "Fallow has no strategy %s within another", show(mode))
		return nil
	}
}

// balance makes one tier of the targets' first ones. What stands behind them
// in chains of their own follows in order.
func (p portkey) balance(v *value, targets []*value, from inherited) []tier {
	tiers := []tier{nil}
	for _, t := range targets {
		weight, ok := t.get("weight").number()
		if ok && weight <= 0 {
			p.note(Otherwise, t, "has no weight and was left out")
			t.settle()
			continue
		}
		if !ok {
			weight = 1
		}
		for i, own := range p.node(t, from) {
			if i > 0 {
				p.note(Otherwise, v, "its targets have fallbacks of their own; Fallow tries them after all targets")
				tiers = append(tiers, own)
				continue
			}
			for _, d := range own {
				d.key.weight *= weight
				tiers[0] = append(tiers[0], d)
			}
		}
	}
	return tiers
}

// conditional turns conditions about the model into routes.
func (p portkey) conditional(v *value) {
	from := p.inherit(v, inherited{})
	strategy := v.get("strategy")
	named := func(at *value) []tier {
		name := at.text()
		i := slices.IndexFunc(v.get("targets").entries(), func(t *value) bool { return name != "" && t.get("name").text() == name })
		if i < 0 {
			p.note(NotCarried, at, "no target has this name")
			return nil
		}
		return p.node(v.get("targets").entries()[i], from)
	}
	for _, c := range strategy.get("conditions").entries() {
		models := asked(c.get("query"))
		if models == nil || c.get("then") == nil {
			p.lose(c, "Fallow routes by the model's name only")
			continue
		}
		for _, m := range models {
			p.addRoute(m, c, named(c.get("then"))...)
		}
	}
	if fallback := strategy.get("default"); fallback != nil {
		p.addRoute("*", fallback, named(fallback)...)
	}
}

// asked returns the models of a query about nothing else.
func asked(query *value) []string {
	model := query.get("params.model")
	if model == nil || len(query.fields()) != 1 {
		return nil
	}
	if model.kind == object && len(model.fields()) == 1 {
		model = model.get("$eq", "$in")
	}
	return model.texts()
}
