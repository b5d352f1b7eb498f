package peerconfig

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// serving returns the deployments of a model; of none, when model is empty,
// those of the keys that serve all. A name that some key translates is the
// peer's own: keys that serve all would send it on to a provider that has no
// such model.
func (p *bifrostProvider) serving(model string) tier {
	translated := slices.ContainsFunc(p.keys, func(k *bifrostKey) bool { return k.renamed[model] != "" })
	var t tier
	for _, k := range p.keys {
		if k.all && !translated || model != "" && slices.Contains(k.models, model) {
			d := k.deployment
			d.model = cmp.Or(k.renamed[model], model)
			t = append(t, d)
		}
	}
	return t
}

// models adds the routes of the models that a provider lists, under the name
// that Bifrost's clients use and under the bare one.
func (b *bifrost) models(p *bifrostProvider) {
	for _, k := range p.keys {
		for _, m := range k.models {
			t := p.serving(m)
			if slices.ContainsFunc(t, func(d deployment) bool { return !isModel(d.model) }) {
				b.note(NotCarried, k.at, "%s cannot be the name of a model", show(m))
				continue
			}
			b.addRoute(p.name+"/"+m, k.at, t)
			b.addRoute(m, k.at, t)
		}
	}
}

// wildcards adds routes for the providers whose keys serve all models.
func (b *bifrost) wildcards() {
	open := slices.DeleteFunc(slices.Clone(b.providers), func(p *bifrostProvider) bool { return len(p.serving("")) == 0 })
	for _, p := range open {
		t := p.serving("")
		known := b.addFamilies(p.at, t)
		if len(open) == 1 {
			b.addRoute("*", p.at, t)
			known = true
		}
		if known {
			b.note(Otherwise, p.at, "Fallow sends model names on as they are: clients name models that are not listed without %s/", slug(p.name, "provider"))
			continue
		}
		b.note(NotCarried, p.at, "its keys serve every model, and Fallow cannot tell which are meant: list them in models")
	}
}

// condition is the only form of rule that is a route: one about the model's
// name alone.
var condition = regexp.MustCompile(`^\s*model(?:\s*==\s*|\.(startsWith)\()["']([^"'\\]+)["']\)?\s*$`)

// rule turns a routing rule into a route, before the providers' own: Bifrost
// asks its rules first.
func (b *bifrost) rule(rule *value) {
	form := condition.FindStringSubmatch(rule.get("cel_expression").text())
	scope := rule.get("scope").text()
	switch {
	case rule.get("enabled").isFalse():
		b.note(Otherwise, rule, "is switched off and was left out")
		rule.settle()
		return
	case form == nil || scope != "" && scope != "global":
		b.lose(rule, "Fallow routes by the model's name only")
		return
	}
	name := form[2]
	if form[1] != "" {
		name += "*"
	}
	var balanced tier
	for _, t := range rule.get("targets").entries() {
		weight, ok := t.get("weight").number()
		if !ok || weight <= 0 {
			weight = 1
		}
		for _, d := range b.find(t, t.get("provider").text(), t.get("model").text(), form) {
			d.key.weight *= weight
			balanced = append(balanced, d)
		}
	}
	tiers := []tier{balanced}
	for _, fallback := range rule.get("fallbacks").texts() {
		provider, model, _ := strings.Cut(fallback, "/")
		tiers = append(tiers, b.find(rule.get("fallbacks"), provider, model, form))
	}
	b.addRoute(name, rule, tiers...)
}

// find returns the deployments that a rule's target means; without a model, it
// means the one asked for.
func (b *bifrost) find(at *value, provider, model string, form []string) tier {
	asked := model
	if asked == "" && form[1] == "" {
		asked = form[2]
	}
	for _, p := range b.providers {
		if p.name != provider {
			continue
		}
		if t := p.serving(asked); len(t) > 0 && (asked == "" || isModel(t[0].model)) {
			return t
		}
	}
	b.note(NotCarried, at, "there is no imported key for it")
	return nil
}

// client makes a client's token of a virtual key.
func (b *bifrost) client(c *value) {
	if c.get("is_active").isFalse() {
		b.note(Otherwise, c, "is switched off and was left out")
		c.settle()
		return
	}
	name := slug(c.get("name").text(), "client")
	at := c.get("value")
	if at.text() == "" {
		b.addClient(name, b.asked(c, c.path, "bifrost-client", "the virtual key that Bifrost made"))
		return
	}
	b.addClient(name, b.credential(at, "bifrost-client"))
}
