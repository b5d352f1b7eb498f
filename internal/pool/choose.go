package pool

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
)

// choice is the outcome of one look at the pool: a key and when to start with
// it, or the time at which to look again.
type choice struct {
	key, group string
	probes     []records.Scope // rests whose probe lease must be taken first
	holder     string          // who takes it
	over       []records.Scope // rests that ran out and wait for a success to end them
	scouts     bool            // it goes ahead of a burst
	// start is when the group's quota is expected to have room; with a key only.
	start time.Time
	// free is when to look again, without a key. Zero means that none will
	// ever be free.
	free    time.Time
	now     time.Time // when the look was taken
	changed <-chan struct{}
}

// soonest is when the choice lets a request start or look again.
func (c choice) soonest() time.Time {
	if c.key == "" && c.start.IsZero() {
		return c.free
	}
	return c.start
}

// later reports whether nothing can start now nor almost now.
func (c choice) later() bool {
	return c.never() || c.soonest().Sub(c.now) > scoutHold
}

// never reports whether there is no key to wait for.
func (c choice) never() bool { return c.key == "" && c.free.IsZero() }

// ready reports whether a request whose patience ends at deadline can go ahead
// with the choice. Who goes away, waits in another line, or, unless fresh, looks
// once more, must leave neither a scout nor a probe lease behind.
func (c choice) ready(want Want, deadline time.Time, fresh bool) bool {
	late := c.start.After(c.now)
	return c.key != "" && (fresh || !c.later()) && !(late && (want.Batch || c.start.After(deadline)))
}

// choose picks a quota group for the request, then a key within it. It holds
// the lock throughout, so that requests arriving together see each other's
// scouts and probes. The request's patience ends at deadline; fresh says that
// the state was read for this look.
func (p *Pool) choose(want Want, deadline time.Time, fresh bool) choice {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := p.best(want, p.cfg.Now())
	best.changed = p.changed
	if !best.ready(want, deadline, fresh) {
		return best
	}
	if !best.start.After(best.now) { // who waits for room is not part of a burst
		// Somebody whose patience is over before the scout is back goes along
		// with it: a hold spares calls and must not cost an answer.
		if back := p.held(best.group, best.now); !back.IsZero() && !back.After(deadline) {
			return choice{free: back, now: best.now, changed: best.changed}
		}
		best.scouts = p.scouting(best.group, best.now)
	}
	if len(best.probes) > 0 {
		best.holder = p.lease(best.probes, best.now)
	}
	return best
}

// candidate is the best key of one quota group for a request.
type candidate struct {
	place
	key          string
	own          float64 // score of the key within the group
	score        float64 // of the group: lower is preferred
	start        int64   // ms since epoch: when its quota has room
	headroom     float64
	probes, over []records.Scope
}

// best picks without consequences. A group that rests is looked at again when
// its rest ends; any other can be booked, if need be for later.
func (p *Pool) best(want Want, now time.Time) choice {
	found := p.candidates[:0]
	none := choice{now: now}
	seed := hash(offset64, want.Conversation)
	for i, k := range p.cfg.Keys {
		if want.Tried[k.Name] {
			continue
		}
		free, probes, over := p.free(k.Name, p.places[i].group, want, now)
		if free.IsZero() {
			free = p.unknown(p.places[i].group, want, now)
		}
		if !free.IsZero() {
			q := want.share(p.quota(records.GroupScope(p.places[i].group, want.Family)))
			start := free
			if !q.cold {
				start = time.UnixMilli(q.start(free.UnixMilli(), q.costs(p.needs(want))))
			}
			if none.free.IsZero() || start.Before(none.start) {
				none.free, none.start = free, start
			}
			continue
		}
		c := candidate{place: p.places[i], key: k.Name, own: score(seed, k.Name, p.places[i].weight), probes: probes, over: over}
		found = merge(found, c)
	}
	p.candidates = found
	for i := range found {
		p.weigh(&found[i], seed, want, now)
	}
	best, ok := pick(found, now.UnixMilli())
	if !ok || !none.free.IsZero() && best.start > none.start.UnixMilli() {
		return none // a rest ends before anything else has room
	}
	return choice{
		key: best.key, group: best.group, probes: best.probes, over: best.over,
		start: time.UnixMilli(best.start), now: now,
	}
}

// coldLook is how long a request waits for the first answers of a quota whose
// limits nobody knows, before it looks again.
const coldLook = time.Second

// unknown returns when to look again at a quota whose limits are not known and
// of which as much is used already as may be without; zero otherwise.
func (p *Pool) unknown(group string, want Want, now time.Time) time.Time {
	q := want.share(p.quota(records.GroupScope(group, want.Family)))
	if ms := now.UnixMilli(); q.cold && q.start(ms, q.costs(p.needs(want))) > ms {
		return now.Add(time.Duration((0.5 + p.cfg.Rand()/2) * float64(coldLook)))
	}
	return time.Time{}
}

// merge keeps one candidate a group: keys of one organisation are one quota.
func merge(found []candidate, c candidate) []candidate {
	for i := range found {
		if found[i].group == c.group {
			if c.own < found[i].own {
				found[i] = c
			}
			return found
		}
	}
	return append(found, c)
}

// weigh works out what a group can offer.
func (p *Pool) weigh(c *candidate, seed uint64, want Want, now time.Time) {
	on := records.GroupScope(c.group, want.Family)
	q := want.share(p.quota(on))
	c.score = score(seed, c.group, p.weights[c.group])
	c.start = want.lineUp(q, now.UnixMilli(), q.start(now.UnixMilli(), q.costs(p.needs(want))))
	c.headroom = q.headroom(now.UnixMilli())
}

// floor is the free share below which a group is not preferred for the sake of
// a prompt cache: what is saved there is soon lost again by waiting.
const floor = 0.1

// pick prefers the conversation's first or second group while it has room to
// start at once, then the group with the most room for its weight, then the
// one that has room first.
func pick(found []candidate, now int64) (candidate, bool) {
	if len(found) == 0 {
		return candidate{}, false
	}
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
	for _, c := range found[:min(2, len(found))] {
		if c.start <= now && c.headroom > floor {
			return c, true
		}
	}
	best := found[0]
	for _, c := range found[1:] {
		if c.better(best, now) {
			best = c
		}
	}
	return best, true
}

// better compares two groups of which neither is preferred.
func (c candidate) better(o candidate, now int64) bool {
	if c.start <= now && o.start <= now {
		return c.headroom*c.weight > o.headroom*o.weight
	}
	return c.start < o.start
}

// free returns when a key is free for this request (a zero time means now),
// which probe leases it needs, and which rests a success would end.
func (p *Pool) free(key, group string, want Want, now time.Time) (at time.Time, probes, over []records.Scope) {
	for _, on := range scopesOf(key, group, want) {
		r, ok := p.rests[on]
		if !ok {
			continue
		}
		free, probe := r.free(now)
		if free.After(at) {
			at = free
		}
		if probe {
			probes = append(probes, on)
		}
		if r.Count > 0 {
			over = append(over, on)
		}
	}
	return at, probes, over
}

// lease takes probe leases here, before the store is asked for them: the other
// requests of this instance need not ask, and when the store is down one of
// them probes and not all.
func (p *Pool) lease(probes []records.Scope, now time.Time) (holder string) {
	p.claims++
	holder = p.cfg.Instance + "/" + strconv.Itoa(p.claims)
	for _, on := range probes {
		r := p.rests[on]
		r.Probe, r.ProbeBy, r.draft = now.Add(probeLease).UnixMilli(), holder, true
		p.rests[on] = r
	}
	return holder
}

// score is weighted rendezvous hashing: over many conversations each name has
// the lowest score in proportion to its weight, a conversation keeps its order
// of names, and when one name leaves only its own conversations move.
func score(conversation uint64, name string, weight float64) float64 {
	// The zero byte keeps "a" of "bc" apart from "ab" of "c".
	h := mix(hash(conversation*prime64, name))
	u := (float64(h>>11) + 0.5) / (1 << 53) // in (0,1)
	return -math.Log(u) / weight
}

// FNV-1a, written out because the standard library's costs an allocation for
// each name, and hash/maphash differs from instance to instance.
const (
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)

func hash(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime64
	}
	return h
}

// mix spreads FNV's weak low-entropy tail over all bits (the finaliser of
// MurmurHash3, public domain): names that differ in one digit must not
// correlate.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
