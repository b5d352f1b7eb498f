package peerconfig

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// document is what is written in the end.
type document struct {
	pools  []*pool
	routes []served
	tokens []client
}

// pool is an endpoint and the keys that serve the same models there.
type pool struct {
	name     string
	endpoint endpoint
	keys     []key
	at       *value // the first place it was made of
}

type served struct {
	name    string
	from    string
	targets []target
}

type target struct{ pool, model string }

// assemble makes pools and targets of the routes. A pool holds exactly the
// keys that the peer had for a model: pooling all keys of a provider would ask
// with keys that may not have the model.
func (im *importer) assemble() *document {
	a := assembler{im: im, pools: map[string]*pool{}, poolNames: names{}, doc: &document{}}
	for _, r := range im.routes {
		s := served{name: r.name, from: r.at.path}
		for _, t := range r.tiers {
			for _, target := range a.targets(r, t) {
				if target.model == r.name {
					target.model = ""
				}
				if !slices.Contains(s.targets, target) {
					s.targets = append(s.targets, target)
				}
			}
		}
		a.doc.routes = append(a.doc.routes, s)
	}
	a.noteShared()
	a.doc.tokens = im.tokens
	return a.doc
}

// noteShared tells of keys that stand in several pools. Each pool books for
// itself, so that what one uses of a quota the other learns from headers only.
func (a *assembler) noteShared() {
	pools := map[string][]*pool{} // by reference
	for _, p := range a.doc.pools {
		for _, k := range p.keys {
			pools[k.ref] = append(pools[k.ref], p)
		}
	}
	for _, p := range a.doc.pools {
		for _, k := range p.keys {
			if in := pools[k.ref]; len(in) > 1 && in[0] == p {
				a.im.note(Otherwise, p.at, "key %s stands in %d pools, %s, which do not see each other's bookings; if all keys of these may serve all their models, make them one",
					k.name, len(in), poolNames(in))
			}
		}
	}
}

func poolNames(pools []*pool) string {
	var all []string
	for _, p := range pools {
		all = append(all, p.name)
	}
	return strings.Join(all, " and ")
}

type assembler struct {
	im        *importer
	pools     map[string]*pool // by what identifies them
	poolNames names
	doc       *document
}

// share is a part of a tier that one target can serve.
type share struct {
	endpoint endpoint
	model    string
	weight   float64
	keys     []key
	at       *value
}

// targets returns one target for each endpoint and model of a tier, those with
// most weight first: a chain is tried in order.
func (a *assembler) targets(r *route, t tier) []target {
	shares := shareOut(t)
	if len(shares) > 1 {
		a.im.note(Otherwise, r.at, "%s is shared among %d endpoints or models; Fallow tries them in order, those with more weight first", show(r.name), len(shares))
		slices.SortStableFunc(shares, func(a, b *share) int { return cmp.Compare(b.weight, a.weight) })
	}
	var targets []target
	for _, s := range shares {
		targets = append(targets, target{a.pool(s).name, s.model})
	}
	return targets
}

func shareOut(t tier) []*share {
	var shares []*share
	for _, d := range t {
		i := slices.IndexFunc(shares, func(s *share) bool { return s.endpoint == d.endpoint && s.model == d.model })
		if i < 0 {
			i = len(shares)
			shares = append(shares, &share{endpoint: d.endpoint, model: d.model, at: d.at})
		}
		shares[i].add(d.key)
	}
	return shares
}

// add takes a key; the same one again adds its weight.
func (s *share) add(k key) {
	s.weight += k.weight
	for i := range s.keys {
		if s.keys[i].ref == k.ref {
			s.keys[i].weight += k.weight
			return
		}
	}
	s.keys = append(s.keys, k)
}

// pool returns the pool for a share, which it makes when there is none yet.
func (a *assembler) pool(s *share) *pool {
	keys := balanced(s.keys)
	id := fmt.Sprint(s.endpoint.provider, s.endpoint.baseURL, s.endpoint.timeouts, identity(keys))
	if p, ok := a.pools[id]; ok {
		return p
	}
	taken := names{}
	for i, k := range keys {
		keys[i].name = taken.unique(cmp.Or(k.name, slug(lastPart(k.ref), "key")))
	}
	p := &pool{a.poolNames.unique(slug(s.endpoint.vendor.name, "pool")), s.endpoint, keys, s.at}
	a.pools[id] = p
	a.doc.pools = append(a.doc.pools, p)
	return p
}

// identity is the same for the same keys in another order.
func identity(keys []key) string {
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprint(k.ref, " ", k.weight))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// balanced brings weights into the bounds of config; all equal ones become 1,
// which is not written.
func balanced(keys []key) []key {
	keys = slices.Clone(keys)
	most, equal := 0.0, true
	for _, k := range keys {
		most = max(most, k.weight)
		equal = equal && k.weight == keys[0].weight
	}
	for i := range keys {
		switch {
		case equal:
			keys[i].weight = 1
		case most > 1000:
			keys[i].weight *= 1000 / most
		}
		keys[i].weight = max(math.Round(keys[i].weight*1e6)/1e6, 1e-6)
	}
	return keys
}

// lastPart names a key after its variable, or after the field of its secret.
func lastPart(ref string) string {
	return ref[strings.LastIndexAny(ref, ":#/")+1:]
}
