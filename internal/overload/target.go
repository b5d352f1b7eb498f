package overload

import "time"

// Target is what can be in trouble as a whole: providers run out of capacity
// by model (Anthropic docs, api/errors: 529), for all keys at once.
type Target struct {
	// Pool names the pool, Model the model as the provider knows it.
	Pool, Model string
}

// maxTargets bounds what is remembered. A pass-through route lets clients
// invent model names, so the number of targets is not ours to choose.
const maxTargets = 128

// registry holds a value for each of the targets used last, at most maxTargets.
// Its owner's lock guards it.
type registry[V any] struct {
	fresh   func() V
	entries map[Target]*entry[V]
}

type entry[V any] struct {
	value V
	used  time.Time
}

func newRegistry[V any](fresh func() V) registry[V] {
	return registry[V]{fresh: fresh, entries: make(map[Target]*entry[V])}
}

// find returns t's value, or nil.
func (r *registry[V]) find(t Target, now time.Time) *V {
	e := r.entries[t]
	if e == nil {
		return nil
	}
	e.used = now
	return &e.value
}

// get returns t's value, made if need be at the expense of the idlest target.
func (r *registry[V]) get(t Target, now time.Time) *V {
	if v := r.find(t, now); v != nil {
		return v
	}
	if len(r.entries) >= maxTargets {
		r.evict()
	}
	e := &entry[V]{value: r.fresh(), used: now}
	r.entries[t] = e
	return &e.value
}

// evict forgets the idlest target. It looks at all of them: that happens only
// when a new one comes, and an ordered list would have to be kept at every use.
func (r *registry[V]) evict() {
	var idlest Target
	var since time.Time
	for t, e := range r.entries {
		if since.IsZero() || e.used.Before(since) {
			idlest, since = t, e.used
		}
	}
	delete(r.entries, idlest)
}
