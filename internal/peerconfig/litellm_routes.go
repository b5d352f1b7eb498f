package peerconfig

import "slices"

// fallbacks appends the deployments of other groups to a group's chain. Chains
// of fallbacks are not followed: LiteLLM does so up to a depth, and a chain of
// five providers is rarely what was meant.
func (l *litellm) fallbacks() {
	own := map[string][]tier{}
	for _, r := range l.routes {
		own[r.name] = slices.Clone(r.tiers)
	}
	for _, section := range []*value{l.settings, l.router} {
		for _, entry := range section.get("fallbacks").entries() {
			for i, to := range entry.fields() {
				l.fallBack(entry.keys[i], to, own)
			}
		}
	}
	for _, section := range []*value{l.settings, l.router} {
		if to := section.get("default_fallbacks"); to != nil {
			l.fallBack("*", to, own)
		}
	}
}

// fallBack adds what to names behind the route; "*" means every route.
func (l *litellm) fallBack(name string, to *value, own map[string][]tier) {
	for _, fallback := range to.texts() {
		tiers, ok := own[fallback]
		if !ok {
			l.note(NotCarried, to, "%s is not among the imported models", show(fallback))
			continue
		}
		found := false
		for _, r := range l.routes {
			if r.name == name || name == "*" {
				r.tiers = append(r.tiers, tiers...)
				found = true
			}
		}
		if !found {
			l.note(NotCarried, to, "its model is not among the imported ones")
		}
	}
}

// aliases adds a route for each other name of a group.
func (l *litellm) aliases() {
	section := l.router.get("model_group_alias")
	for i, to := range section.fields() {
		name := to.text()
		if to.kind == object { // {model: NAME, hidden: true}
			name = to.get("model").text()
		}
		if r := l.byName[name]; r != nil {
			l.addRoute(section.keys[i], to, r.tiers...)
			continue
		}
		l.lose(to, "its model is not among the imported ones")
	}
}
