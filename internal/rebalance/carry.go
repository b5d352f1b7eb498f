package rebalance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/records"
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
				if r.On.Kind != records.OfGroup || r.On.Name != alias {
					continue
				}
				to := records.GroupScope(m.group, r.On.Covers).In(v.pool)
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
	owner := m.record.Str(records.AttrOwner)
	names := []string{m.name, owner}
	// A key whose secret was replaced by one of another organisation has left
	// its old troubles behind.
	if m.record.Str(records.AttrGroupOwner) == owner {
		names = append(names, m.record.Str(records.AttrGroup))
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
		if r.Until <= there.Until && (there.Quarantine || !r.Quarantine) {
			return c, false
		}
		if there.outranks(r) {
			r.Class, r.Why = there.Class, there.Why
		}
		r.Until, r.Set = max(r.Until, there.Until), there.Set
		c = r.extend(in)
	case there.Until == 0 && there.Set >= r.Set: // ended there since: that was the proof
		return c, false
	default:
		r.Set = max(r.Set, there.Set+1)
		c = r.begin(in)
	}
	if there.On.Metered() {
		c.Do = append(c.Do, store.Add(records.AttrVersion, 1))
	} else {
		c.Do = append(c.Do, store.Set(records.AttrCarried, store.Text(fmt.Sprintf("%d/%d", r.Set, r.Until))))
	}
	return c, true
}

// join is the rest that keeps away whoever any of them does.
func join(rests []rest) rest {
	first := rests[0]
	for _, r := range rests {
		if r.outranks(first) {
			first.On.Name, first.Class, first.Why = r.On.Name, r.Class, r.Why
		}
		first.Until, first.Quarantine = max(first.Until, r.Until), first.Quarantine || r.Quarantine
		first.Set, first.Count = max(first.Set, r.Set), max(first.Count, r.Count)
	}
	first.Why = fmt.Sprintf("carried over from %s: %s", first.On.Name, strings.TrimPrefix(first.Why, "carried over from "))
	return first
}

// outranks reports which of two rests' reasons counts: that of a hold, else of
// the one that ends later.
func (r rest) outranks(o rest) bool {
	if hold := r.Class == upstream.Hold; hold != (o.Class == upstream.Hold) {
		return hold
	}
	return r.Until > o.Until
}

// stir changes the version of every quota of a group whose rest was carried, so
// that each instance's next reservation fails and makes it look anew. The mark
// in the quota makes that happen once, also when a run breaks off in between.
func stir(v view) []write {
	var out []write
	for _, r := range v.rests() {
		mark, carried := r.item.Attrs[records.AttrCarried]
		if r.On.Metered() || !carried {
			continue
		}
		for _, q := range v.sorted(records.QuotasOf(r.On.Name)) {
			if q.Attrs[records.AttrCarried] == mark {
				continue
			}
			out = append(out, write{q.Key, store.Change{
				If: unchanged(q, records.AttrCarried),
				Do: []store.Assign{store.Set(records.AttrCarried, mark), store.Add(records.AttrVersion, 1)},
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
		owner := m.record.Str(records.AttrOwner)
		same := m.record.Str(records.AttrGroup) == m.group && m.record.Str(records.AttrGroupOwner) == owner
		if len(m.record.Attrs) == 0 || same {
			continue // never used, or known
		}
		out = append(out, write{m.record.Key, store.Change{
			If: unchanged(m.record, records.AttrGroup, records.AttrGroupOwner, records.AttrOwner),
			Do: []store.Assign{store.Set(records.AttrGroup, store.Text(m.group)), store.Set(records.AttrGroupOwner, store.Text(owner))},
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
		if owner := members[0].record.Str(records.AttrOwner); owner != "" && !slices.ContainsFunc(members, func(m member) bool { return m.record.Str(records.AttrOwner) != owner }) {
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
