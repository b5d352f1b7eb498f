package pool

import (
	"math"
	"strconv"
	"time"
)

// choice is the outcome of one look at the pool: a key to use now, or the time
// at which one will be free.
type choice struct {
	key, group string
	probes     []scope // rests whose probe lease must be taken first
	holder     string  // who takes it
	over       []scope // rests that ran out and wait for a success to end them
	// free is when the key may be used, or without a key when the earliest will
	// be free. Zero means now, or without a key that none ever will.
	free    time.Time
	now     time.Time // when the look was taken
	changed <-chan struct{}
}

// choose picks among the keys that are free now: first the quota group by the
// request's preference, then a key within it. It holds the lock throughout, so
// that requests arriving together see each other's scouts and probes. The
// request's patience ends at deadline.
func (p *Pool) choose(want Want, deadline time.Time) choice {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := p.best(want, p.cfg.Now())
	best.changed = p.changed
	if best.key == "" {
		return best
	}
	// Somebody whose patience is over before the scout is back goes along with
	// it: a hold spares calls and must not cost an answer.
	if back := p.held(best.group, best.now); !back.IsZero() && !back.After(deadline) {
		return choice{free: back, now: best.now, changed: best.changed}
	}
	p.scouting(best.group, best.now)
	if len(best.probes) > 0 {
		best.holder = p.lease(best.probes, best.now)
	}
	return best
}

// best picks without consequences.
func (p *Pool) best(want Want, now time.Time) choice {
	best, bestScore := choice{now: now}, math.Inf(1)
	seed := hash(offset64, want.Conversation)
	for i, k := range p.cfg.Keys {
		if want.Tried[k.Name] {
			continue
		}
		at := p.places[i]
		free, probes, over := p.free(k.Name, at.group, want, now)
		if !free.IsZero() {
			if best.free.IsZero() || free.Before(best.free) {
				best.free = free
			}
			continue
		}
		s := score(seed, at.group, p.weights[at.group]) + tieBreak*score(seed, k.Name, at.weight)
		if s < bestScore {
			bestScore = s
			best.key, best.group, best.probes, best.over = k.Name, at.group, probes, over
		}
	}
	return best
}

// tieBreak makes the key's score matter only between keys of one group.
const tieBreak = 1e-9

// free returns when a key is free for this request (a zero time means now),
// which probe leases it needs, and which rests a success would end.
func (p *Pool) free(key, group string, want Want, now time.Time) (at time.Time, probes, over []scope) {
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
		if r.count > 0 {
			over = append(over, on)
		}
	}
	return at, probes, over
}

// lease takes probe leases here, before the store is asked for them: the other
// requests of this instance need not ask, and when the store is down one of
// them probes and not all.
func (p *Pool) lease(probes []scope, now time.Time) (holder string) {
	p.claims++
	holder = p.cfg.Instance + "/" + strconv.Itoa(p.claims)
	for _, on := range probes {
		r := p.rests[on]
		r.probe, r.probeBy, r.draft = now.Add(probeLease).UnixMilli(), holder, true
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
