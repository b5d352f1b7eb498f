package rebalance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// A key that rests because it was refused as such is asked for its models,
// which is free, so that no client's request has to find out whether it is
// good again. So is a key that was never used, to find out that it is dead
// before a client does. An organisation on hold is left in peace: to go on
// knocking there is what a hold is meant to end.

const (
	// probeEvery is how often one key is asked. probeSlack is for a schedule
	// that is not quite even.
	probeEvery = 5 * time.Minute
	probeSlack = 20 * time.Second
	// refusedRest outlasts the time to the next call, so that a dead key is not
	// tried by clients as long as this job runs, and is if it stops.
	refusedRest = probeEvery + 2*time.Minute
	// holdRest has no end that anybody waits for.
	holdRest = 365 * 24 * time.Hour
	// maxRest bounds what is believed of a date at which a spend limit ends.
	maxRest = 32 * 24 * time.Hour
	// mostErrands bounds the calls of one run and pool; the others are the
	// next run's.
	mostErrands = 32
)

// patience is how long a refusal stands that a free call cannot disprove,
// before one real request may try in spite of it. Credit is bought at any
// time; a spend limit is seldom raised before it ends.
var patience = map[upstream.Class]time.Duration{
	upstream.Billing:  probeEvery,
	upstream.SpendCap: time.Hour,
}

// errand is a call to make with a key, and the rests that its answer may
// decide.
type errand struct {
	key   member
	rests []rest
}

// errands lists the calls that are due, those of the keys that waited longest
// first.
func errands(v view) []errand {
	byKey, byGroup, held := v.doubtful()
	var out []errand
	for _, group := range v.groupNames() {
		if !held[group] {
			out = append(out, v.errandsOf(v.groups[group], byKey, byGroup[group])...)
		}
	}
	slices.SortStableFunc(out, func(a, b errand) int { return longestWaiting(a.key, b.key) })
	return out[:min(len(out), mostErrands)]
}

// errandsOf lists the calls that are due in one group. Each key is asked for
// its own sake; for the sake of the group one that is not in doubt itself, and
// only if none such was asked lately. If all are in doubt, their calls have to
// do.
func (v view) errandsOf(members []member, byKey map[string][]rest, rests []rest) []errand {
	members = slices.Clone(members)
	slices.SortStableFunc(members, longestWaiting)
	sound := func(m member) bool { return len(byKey[m.name]) == 0 }
	anySound := slices.ContainsFunc(members, sound)
	asked := slices.ContainsFunc(members, func(m member) bool { return sound(m) && !m.due(v.now) })
	var out []errand
	for _, m := range members {
		if !m.due(v.now) {
			continue
		}
		e := errand{m, slices.Clone(byKey[m.name])}
		if len(rests) > 0 && (!anySound || sound(m) && (!asked || m.unused())) {
			e.rests, asked = append(e.rests, rests...), true
		}
		if len(e.rests) > 0 || m.unused() {
			out = append(out, e)
		}
	}
	return out
}

// doubtful sorts the rests that a call may have something to say about, and
// finds the groups on hold.
func (v view) doubtful() (byKey, byGroup map[string][]rest, held map[string]bool) {
	byKey, byGroup, held = map[string][]rest{}, map[string][]rest{}, map[string]bool{}
	for _, r := range v.rests() {
		switch {
		case r.On.Kind == records.OfGroup && r.Class == upstream.Hold:
			held[r.On.Name] = true
		case r.On.Kind == records.OfKey && (r.Class == upstream.Auth || r.Class == upstream.Permission):
			byKey[r.On.Name] = append(byKey[r.On.Name], r)
		case r.On.Kind == records.OfGroup && patience[r.Class] > 0:
			byGroup[r.On.Name] = append(byGroup[r.On.Name], r)
		}
	}
	return byKey, byGroup, held
}

func longestWaiting(a, b member) int {
	return cmp.Compare(a.record.Int(records.AttrTriedAt), b.record.Int(records.AttrTriedAt))
}

// due reports whether the key was not asked lately. A time far in the future
// comes from a clock that was wrong.
func (m member) due(now time.Time) bool {
	since := now.Sub(time.UnixMilli(m.record.Int(records.AttrTriedAt)))
	return since.Abs() >= probeEvery-probeSlack
}

// unused reports whether no instance has counted an answer for the key.
func (m member) unused() bool {
	return m.record.Int(records.AttrOK)+m.record.Int(records.AttrRefused)+m.record.Int(records.AttrFaults) == 0
}

// claim is the fence of a call: of several runs one makes it. by names the
// claim, so that its maker knows it again when a reply was lost.
func (e errand) claim(now time.Time, by string) store.Change {
	return store.Change{
		If: unchanged(e.key.record, records.AttrTriedAt),
		Do: []store.Assign{store.Set(records.AttrTriedAt, store.Num(now.UnixMilli())), store.Set(records.AttrTriedBy, store.Text(by))},
	}
}

// note writes down what came of a call, and the organisation that it told.
func (e errand) note(by string, a answer, why string) write {
	do := []store.Assign{store.Set(records.AttrTriedWhy, store.Text(why))}
	if a.owner != "" && a.owner != e.key.record.Str(records.AttrOwner) {
		do = append(do, store.Set(records.AttrOwner, store.Text(a.owner)))
	}
	return write{e.key.record.Key, store.Change{If: store.Is(records.AttrTriedBy, store.EQ, store.Text(by)), Do: do}, nil, nil}
}

// outcome puts an answer into words.
func (a answer) outcome() string {
	switch {
	case a.fault == nil:
		return "lists its models"
	case a.fault.Class == upstream.Connect:
		return "could not be asked for its models: no answer"
	case a.proves():
		return fmt.Sprintf("was refused its models: provider said %s", a.fault.Class)
	default:
		return fmt.Sprintf("could not be asked for its models: provider said %s, which says nothing of the key", a.fault.Class)
	}
}

// proves reports whether a refusal says something of the key or its
// organisation. A key may be allowed to generate and not to list models; that
// is said with 403 and sometimes, naming the scope that it lacks, with 401.
func (a answer) proves() bool {
	switch a.fault.Class {
	case upstream.Auth:
		return !strings.Contains(strings.ToLower(a.fault.Message), "scope")
	case upstream.Billing, upstream.SpendCap, upstream.Hold:
		return true
	default:
		return false
	}
}

// verdict decides what an answer means for the rests that it was asked for. now
// is when it was there. It is pure.
func verdict(v view, e errand, a answer, listed []provider.Model, now time.Time) []write {
	if a.fault == nil {
		return answered(e, a, listed, now)
	}
	if !a.proves() {
		return nil
	}
	r := refusal(v, e.key, a.fault, now)
	there, _ := restOf(v.item(r.item.Key))
	c, count := r.begin(r.item), func(r *Report) { r.Refused++ }
	if there.stands(now) {
		if r.Until <= there.Until && r.Class == there.Class {
			return nil
		}
		r.Set, r.Until = there.Set, max(r.Until, there.Until)
		c = r.extend(r.item)
	}
	return []write{{r.item.Key, c, count, say("rests", "until", time.UnixMilli(r.Until).UTC(), "why", r.Why)}}
}

// refusal is the rest that a refused call calls for.
func refusal(v view, m member, f *upstream.Fault, now time.Time) rest {
	key, length := records.GroupScope(m.group, records.Everything).In(v.pool), refusedRest
	switch {
	case f.Class == upstream.Auth:
		key = records.KeyScope(m.name, records.Everything).In(v.pool)
	case f.Class == upstream.Hold:
		length = holdRest
	case f.Until.After(now):
		length = min(f.Until.Sub(now), maxRest)
	}
	there, _ := restOf(v.item(key))
	there.item = v.item(key)
	there.Set, there.Count = max(now.UnixMilli(), there.Set+1), there.Count+1
	there.Until, there.Class, there.Quarantine = now.Add(length).UnixMilli(), f.Class, true
	there.Why = fmt.Sprintf("provider said %s when key %s asked for its models", f.Class, m.name)
	return there
}

// answered decides for the rests of a key that has got its list of models.
func answered(e errand, a answer, listed []provider.Model, now time.Time) []write {
	var out []write
	for _, r := range e.rests {
		switch {
		case r.Class == upstream.Auth:
			why := "the key lists its models again"
			out = append(out, write{r.item.Key, r.end(now, a.sent, why), func(r *Report) { r.Restored++ }, say("recovered", "why", why)})
		case r.Until <= now.UnixMilli(): // the next request tries anyway
		case r.Class == upstream.Permission && lists(listed, r.On.Covers):
			why := "the key lists this model; one request may try it"
			out = append(out, write{r.item.Key, r.shorten(now, a.sent, why), func(r *Report) { r.Shortened++ }, say("rest shortened", "why", why)})
		case patience[r.Class] > 0 && now.UnixMilli()-r.Set >= patience[r.Class].Milliseconds():
			why := fmt.Sprintf("key %s lists its models, which proves nothing of %s; one request may try", e.key.name, r.Class)
			out = append(out, write{r.item.Key, r.shorten(now, a.sent, why), func(r *Report) { r.Shortened++ }, say("rest shortened", "why", why)})
		}
	}
	return out
}

func lists(models []provider.Model, id string) bool {
	return slices.ContainsFunc(models, func(m provider.Model) bool { return m.ID == id })
}
