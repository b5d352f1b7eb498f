package pool

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// An instance keeps what it knows of the pool and merges into it whatever the
// store tells; a state read anew for each request would have to be built anew
// for each, and would forget everything when the store is down.

// place is where a key stands in its pool.
type place struct {
	group  string
	weight float64 // effective, see weightOf
}

// viewAge is how old the knowledge of a pool may be before a request reads it
// anew. Reservations find out by themselves what matters of their own group:
// they fail when its version has changed. The read is for the other groups,
// and for weights.
const viewAge = 2 * time.Minute

// look reads the shared state into what is known here, if that is old or the
// caller knows it to be outdated. Requests that come while a read is under way
// share it: what it may miss is younger than the read, so they are no worse
// off than had they come a moment sooner, and a burst of requests on a server
// costs one read. It reports false when the store could not be read.
func (p *Pool) look(ctx context.Context, outdated bool) (known bool) {
	p.mu.Lock()
	age := p.cfg.Now().Sub(p.lastRead)
	if !outdated && age >= 0 && age < viewAge {
		p.mu.Unlock()
		return true
	}
	r := p.reading
	first := r == nil
	if first {
		r = &reading{done: make(chan struct{})}
		p.reading = r
	}
	p.mu.Unlock()
	if first {
		// Not ended with the request that happened to come first.
		r.known = p.read(context.WithoutCancel(ctx))
		p.mu.Lock()
		p.reading = nil
		p.mu.Unlock()
		close(r.done)
	}
	select {
	case <-r.done:
		return r.known
	case <-ctx.Done():
		return false
	}
}

// reading is a read of the shared state under way.
type reading struct {
	done  chan struct{} // closed when it has ended
	known bool          // whether it succeeded; to be read after done
}

// read does what look says. When the store cannot be read, what is known has
// to do.
func (p *Pool) read(ctx context.Context) bool {
	items, err := p.shared.query(ctx, records.Partition(p.cfg.Name))
	if err != nil {
		return false
	}
	if p.cfg.Others != nil {
		p.cfg.Others(items)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	p.lastRead = now
	for _, item := range items {
		p.take(item, now)
	}
	p.forget(now)
	p.arrange()
	return true
}

// remember takes in what the store has told of one rest.
func (p *Pool) remember(told rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.merge(told, p.cfg.Now())
}

// take sorts a record in. The lock is held, as for the functions below.
func (p *Pool) take(item store.Item, now time.Time) {
	if name, ok := strings.CutPrefix(item.Key.Sort, records.KeyPrefix); ok {
		p.records[name] = item
		return
	}
	if strings.HasPrefix(item.Key.Sort, records.QuotaPrefix) {
		on, _ := records.ScopeOf(item.Key.Sort)
		if q := quotaOf(on.Name, item); q.version >= p.quotas[on].version {
			p.see(on, q) // an older one is a read that was overtaken by a write
		}
	} else if !strings.HasPrefix(item.Key.Sort, records.RestPrefix) {
		return // somebody else's
	}
	if told := restOf(item); !told.Lapsed(now) {
		p.merge(told, now)
	}
}

// merge keeps what the store has told if it is later than what is known.
func (p *Pool) merge(told rest, now time.Time) {
	if told.replaces(p.rests[told.On], now) {
		p.put(told)
	}
}

// put keeps a rest and wakes the requests that wait if it concerns them.
func (p *Pool) put(r rest) {
	old := p.rests[r.On]
	p.rests[r.On] = r
	if r.Until != old.Until || r.Probe != old.Probe || r.Quarantine != old.Quarantine {
		p.wake()
	}
}

// wake lets the requests that wait look again.
func (p *Pool) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// forget drops the rests that no longer matter.
func (p *Pool) forget(now time.Time) {
	for on, r := range p.rests {
		if r.Lapsed(now) {
			delete(p.rests, on)
		}
	}
}

// arrange works out the quota group and the weight of each key. A group weighs
// as much as its heaviest key: keys of one organisation are one quota, so
// their number earns no weight.
func (p *Pool) arrange() {
	clear(p.weights)
	for i, k := range p.cfg.Keys {
		at := place{group: p.groupOf(k), weight: weightOf(k, p.records[k.Name])}
		p.places[i] = at
		p.weights[at.group] = max(p.weights[at.group], at.weight)
	}
}

// weightOf returns a key's effective weight: the operator's, scaled by the
// rebalancer's. A record without a weight, or with a senseless one, leaves the
// base weight as it is.
func weightOf(k Key, told store.Item) float64 {
	permille := told.Int(records.AttrWeight)
	if permille <= 0 || permille > 1000 {
		permille = 1000
	}
	return k.Weight * float64(permille) / 1000
}

// groupOf says which quota group a key belongs to: the configured one, else
// the organisation learned, else itself.
func (p *Pool) groupOf(k Key) string {
	return cmp.Or(k.Quota, p.owners[k.Name], p.records[k.Name].Str(records.AttrOwner), k.Name)
}

// groupOfKey is groupOf for the name of a key.
func (p *Pool) groupOfKey(name string) string {
	for i, k := range p.cfg.Keys {
		if k.Name == name {
			return p.places[i].group
		}
	}
	return name
}
