package estimate

import (
	"maps"
	"slices"
)

// Snapshot returns what is known, by family: at most 256 of them, some 100 bytes
// of JSON each. The map is the caller's.
func (r *Ratios) Snapshot() map[string]Family {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.families)
}

// Merge takes in what others have learned. Each ratio becomes the mean of both
// sides, weighted by what they have seen: an instance that has just begun takes
// the others' over, one that has seen as much as they meets them half way, which
// is the gain of 0.5 that the pool was simulated with. To merge the same again
// moves on toward it but never beyond.
//
// The map may come from a store: values that make no sense are left out.
func (r *Ratios) Merge(others map[string]Family) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// In order, so that all instances leave out the same if there are too many.
	for _, name := range slices.Sorted(maps.Keys(others)) {
		mine, ok := r.families[name]
		if !ok {
			mine = Start()
		}
		mine.merge(others[name])
		r.set(name, mine)
	}
}

func (f *Family) merge(other Family) {
	mine, theirs := f.terms(Size{}), other.terms(Size{})
	for i, t := range mine {
		t.ratio.merge(*theirs[i].ratio)
		t.ratio.confine(t.start)
	}
}

func (r *Ratio) merge(other Ratio) {
	if !(other.Seen > 0 && other.PerToken > 0) { // NaN is neither
		return
	}
	seen := min(other.Seen, window)
	// The mean of tokens per unit, as in move.
	r.PerToken = (r.Seen + seen) / (r.Seen/r.PerToken + seen/other.PerToken)
	r.Seen = max(r.Seen, seen)
}
