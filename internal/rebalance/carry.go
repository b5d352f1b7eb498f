package rebalance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// A key counts as a quota group of its own until its organisation is known,
// and an operator may name the group later. What has begun to rest under the
// earlier name concerns the same organisation, so it is carried to the group
// that the key is in now; else the key, and the others of its group, would be
// tried in vain.
//
// Nothing remembers which rests were carried: a rest that is in the new group
// already, or was ended there since, is left alone, so it can be done each
// minute, also for instances that were late to learn of the change.

// carry carries the rests of groups that no key is in any more.
func carry(v view) []write {
	targets, rests := map[store.Key][]rest{}, v.rests()
	for _, m := range v.keys {
		for _, alias := range v.aliases(m) {
			for _, r := range rests {
				if r.kind != ofGroup || r.name != alias {
					continue
				}
				to := restRecord(v.pool, ofGroup, m.group, r.covers)
				if r.metered() {
					to = quotaRecord(v.pool, m.group, r.covers)
				}
				targets[to] = append(targets[to], r)
			}
		}
	}
	var out []write
	for to, from := range targets {
		if c, ok := carryTo(v, v.item(to), from); ok {
			out = append(out, write{to, c, func(r *Report) { r.Carried++ }, say("rest carried to the key's group")})
		}
	}
	slices.SortFunc(out, func(a, b write) int { return strings.Compare(a.key.Sort, b.key.Sort) })
	return out
}

// aliases lists the names under which a key's group may have been known, as
// far as no key is in a group of that name now.
func (v view) aliases(m member) []string {
	owner := m.record.Str(attrOwner)
	names := []string{m.name, owner}
	// A key whose secret was replaced by one of another organisation has left
	// its old troubles behind.
	if m.record.Str(attrGroupOwner) == owner {
		names = append(names, m.record.Str(attrGroup))
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		_, live := v.groups[name]
		return live || name == ""
	})
}

// carryTo joins rests into the one of another record. Its end never moves to
// earlier there; ok is false when there is nothing to add.
func carryTo(v view, in store.Item, from []rest) (c store.Change, ok bool) {
	there, _ := restOf(in)
	r := join(from)
	switch {
	case there.stands(v.now):
		if r.until <= there.until && (there.quarantine || !r.quarantine) {
			return c, false
		}
		if there.outranks(r) {
			r.class, r.why = there.class, there.why
		}
		r.until, r.set = max(r.until, there.until), there.set
		c = r.extend(in)
	case there.until == 0 && there.set >= r.set: // ended there since: that was the proof
		return c, false
	default:
		r.set = max(r.set, there.set+1)
		c = r.begin(in)
	}
	if there.metered() {
		c.Do = append(c.Do, store.Add(attrVersion, 1))
	} else {
		c.Do = append(c.Do, store.Set(attrCarried, store.Text(fmt.Sprintf("%d/%d", r.set, r.until))))
	}
	return c, true
}

// join is the rest that keeps away whoever any of them does.
func join(rests []rest) rest {
	first := rests[0]
	for _, r := range rests {
		if r.outranks(first) {
			first.name, first.class, first.why = r.name, r.class, r.why
		}
		first.until, first.quarantine = max(first.until, r.until), first.quarantine || r.quarantine
		first.set, first.count = max(first.set, r.set), max(first.count, r.count)
	}
	first.why = fmt.Sprintf("carried over from %s: %s", first.name, strings.TrimPrefix(first.why, "carried over from "))
	return first
}

// outranks reports which of two rests' reasons counts: that of a hold, else of
// the one that ends later.
func (r rest) outranks(o rest) bool {
	if hold := r.class == upstream.Hold; hold != (o.class == upstream.Hold) {
		return hold
	}
	return r.until > o.until
}

// stir changes the version of every quota of a group whose rest was carried, so
// that each instance's next reservation fails and makes it look anew. The mark
// in the quota makes that happen once, also when a run breaks off in between.
func stir(v view) []write {
	var out []write
	for _, r := range v.rests() {
		mark, carried := r.item.Attrs[attrCarried]
		if r.metered() || !carried {
			continue
		}
		for _, q := range v.sorted(quotaPrefix + r.name + "#") {
			if q.Attrs[attrCarried] == mark {
				continue
			}
			out = append(out, write{q.Key, store.Change{
				If: unchanged(q, attrCarried),
				Do: []store.Assign{store.Set(attrCarried, mark), store.Add(attrVersion, 1)},
			}, nil, nil})
		}
	}
	return out
}

// regroup notes which group each key is in, once all that rested under its
// former name has been carried.
func regroup(v view) []write {
	if len(carry(v)) > 0 {
		return nil
	}
	var out []write
	for _, m := range v.keys {
		owner := m.record.Str(attrOwner)
		same := m.record.Str(attrGroup) == m.group && m.record.Str(attrGroupOwner) == owner
		if len(m.record.Attrs) == 0 || same {
			continue // never used, or known
		}
		out = append(out, write{m.record.Key, store.Change{
			If: unchanged(m.record, attrGroup, attrGroupOwner, attrOwner),
			Do: []store.Assign{store.Set(attrGroup, store.Text(m.group)), store.Set(attrGroupOwner, store.Text(owner))},
		}, func(r *Report) { r.Regrouped = append(r.Regrouped, m.name) }, say("key grouped", "group", m.group, "keys", names(v.groups[m.group]))})
	}
	return out
}

// shared says in words which keys share a quota.
func shared(v view) []string {
	var out []string
	for _, group := range v.groupNames() {
		members := v.groups[group]
		if len(members) < 2 {
			continue
		}
		what := "share one quota"
		if owner := members[0].record.Str(attrOwner); owner != "" && !slices.ContainsFunc(members, func(m member) bool { return m.record.Str(attrOwner) != owner }) {
			what = "are one organisation"
		}
		out = append(out, fmt.Sprintf("keys %s %s: pooling them gains rotation, not capacity", names(members), what))
	}
	return out
}

// manyNames bounds what is listed in a sentence.
const manyNames = 8

func names(members []member) string {
	var list []string
	for _, m := range members[:min(len(members), manyNames)] {
		list = append(list, m.name)
	}
	if more := len(members) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}
