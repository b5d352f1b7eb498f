package peerconfig

// route is a name that clients may ask for and what serves it, in the order
// in which it is tried.
type route struct {
	name  string
	at    *value // what it was made of
	tiers []tier
}

// tier holds deployments that share the requests.
type tier []deployment

// deployment is a model behind an endpoint with one key.
type deployment struct {
	at       *value
	endpoint endpoint
	key      key
	// model to ask for; empty means the one that the client named.
	model string
}

type key struct {
	name   string // empty for one made of ref
	ref    string
	weight float64
}

// client is one that may call.
type client struct{ name, ref string }

// addRoute adds a route; one of the same name that came first stays. It
// reports names that no route can have.
func (im *importer) addRoute(name string, at *value, tiers ...tier) {
	var filled []tier
	for _, t := range tiers {
		if len(t) > 0 {
			filled = append(filled, t)
		}
	}
	if len(filled) == 0 || im.byName[name] != nil {
		return
	}
	if !isRoute(name) {
		im.note(NotCarried, at, "%s cannot be the name of a route: 1 to 200 printable characters without blanks, with * only at the end", show(name))
		return
	}
	im.byName[name] = &route{name, at, filled}
	im.routes = append(im.routes, im.byName[name])
}

// addFamilies adds a route for each family of models that a vendor is known
// for, served under the names that clients use. It is what is left of
// wildcards such as openai/*: Fallow sends names on as they are, so that a
// prefix of the peer's would reach the provider. It reports false for vendors
// whose models have no common beginning.
func (im *importer) addFamilies(at *value, t tier) bool {
	added := false
	for _, family := range t[0].endpoint.vendor.families {
		im.addRoute(family+"*", at, t)
		added = true
	}
	return added
}

// addClient adds a client under a name of its own.
func (im *importer) addClient(name, ref string) {
	taken := names{}
	for _, c := range im.tokens {
		if c.ref == ref {
			return // the same credential: one client
		}
		taken[c.name] = true
	}
	im.tokens = append(im.tokens, client{taken.unique(name), ref})
}
