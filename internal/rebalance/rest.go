package rebalance

import (
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// rest is a window in which a key, a group, or a group for one model family is
// not used, as its record tells it.
type rest struct {
	item   store.Item
	kind   string // ofKey or ofGroup
	name   string
	covers string // a model, a family, or everything

	until, set int64 // ms since epoch
	class      upstream.Class
	why        string
	quarantine bool // when it ends, one probe decides
	count      int64
}

const (
	ofKey      = "key"
	ofGroup    = "group"
	everything = "*"
)

// restOf reads the rest in a record; ok is false for records of other kinds.
func restOf(item store.Item) (r rest, ok bool) {
	kind, tail, found := ofGroup, "", false
	if tail, found = strings.CutPrefix(item.Key.Sort, quotaPrefix); !found {
		if tail, found = strings.CutPrefix(item.Key.Sort, restPrefix); !found {
			return rest{}, false
		}
		kind, tail, _ = strings.Cut(tail, "#")
	}
	r = rest{item: item, kind: kind}
	r.name, r.covers, _ = strings.Cut(tail, "#")
	r.until, r.set, r.count = item.Int(attrUntil), item.Int(attrSetAt), item.Int(attrCount)
	r.class, r.why = upstream.Class(item.Str(attrClass)), item.Str(attrWhy)
	r.quarantine = item.Int(attrQuarantine) == 1
	return r, true
}

// rests lists the rests that keep anybody away, in the order of their records.
func (v view) rests() []rest {
	var found []rest
	for _, prefix := range []string{quotaPrefix, restPrefix} {
		for _, item := range v.sorted(prefix) {
			if r, ok := restOf(item); ok && r.stands(v.now) {
				found = append(found, r)
			}
		}
	}
	return found
}

// stands reports whether the rest keeps anybody away: until its end, and a
// quarantine until a probe has succeeded. What has been over for a day is
// forgotten by instances, because the table may have dropped it.
func (r rest) stands(now time.Time) bool {
	lapsed := max(r.until, r.set) < now.Add(-keepRest).UnixMilli()
	return !lapsed && (r.quarantine || r.until > now.UnixMilli())
}

// metered reports whether the rest stands in the record of a quota.
func (r rest) metered() bool { return strings.HasPrefix(r.item.Key.Sort, quotaPrefix) }

// The writes below keep the line that instances rely on: set grows with every
// beginning and end, and between two of these the end only moves later.

// begin starts an episode in a record that was read, in place of what stands
// there.
func (r rest) begin(in store.Item) store.Change {
	return store.Change{
		If: unchanged(in, attrSetAt, attrUntil),
		Do: []store.Assign{
			store.Set(attrUntil, store.Num(r.until)), store.Set(attrSetAt, store.Num(r.set)),
			store.Set(attrClass, store.Text(string(r.class))), store.Set(attrWhy, store.Text(r.why)),
			store.Set(attrQuarantine, flag(r.quarantine)), store.Set(attrCount, store.Num(r.count)),
			store.Remove(attrProbeUntil), store.Remove(attrProbeBy), store.Set(attrTTL, ttlAfter(r.until, keepRest)),
		},
	}
}

// extend moves the end of the episode that was read later; r ends no earlier
// than what stands there. It can make a
// quarantine of a cooldown but not the reverse.
func (r rest) extend(in store.Item) store.Change {
	c := store.Change{
		If: unchanged(in, attrSetAt, attrUntil, attrQuarantine),
		Do: []store.Assign{
			store.Set(attrUntil, store.Num(r.until)), store.Set(attrClass, store.Text(string(r.class))),
			store.Set(attrWhy, store.Text(r.why)), store.Set(attrTTL, ttlAfter(r.until, keepRest)),
		},
	}
	if r.quarantine {
		c.Do = append(c.Do, store.Set(attrQuarantine, flag(true)))
	}
	return c
}

// asRead is the fence of what a call proves: the rest is as it was read before
// the call was sent, and not one that began since or that a refusal has made
// longer or graver.
func (r rest) asRead(sent time.Time) store.Cond {
	return store.All(unchanged(r.item, attrSetAt, attrUntil, attrClass), store.Is(attrSetAt, store.LT, store.Num(sent.UnixMilli())))
}

// end takes an answer to a call that was sent then as proof that the rest is
// over. Unlike a client's success it needs no probe lease to end a rest early,
// because the call was made to find out, and the record was read before it.
func (r rest) end(now, sent time.Time, why string) store.Change {
	set := now.UnixMilli()
	return store.Change{
		If: r.asRead(sent),
		Do: []store.Assign{
			store.Set(attrUntil, store.Num(0)), store.Set(attrSetAt, store.Num(set)), store.Set(attrWhy, store.Text(why)),
			store.Set(attrQuarantine, flag(false)), store.Set(attrCount, store.Num(0)), store.Set(attrClass, store.Text("")),
			store.Remove(attrProbeUntil), store.Remove(attrProbeBy), store.Set(attrTTL, ttlAfter(set, keepRest)),
		},
	}
}

// shorten lets one real request try now what a free call cannot prove. It is a
// new account of the rest, with a later set, as instances would not believe an
// earlier end otherwise.
func (r rest) shorten(now, sent time.Time, why string) store.Change {
	ms := now.UnixMilli()
	return store.Change{
		If: store.All(r.asRead(sent), store.Is(attrUntil, store.GT, store.Num(ms))),
		Do: []store.Assign{
			store.Set(attrUntil, store.Num(ms)), store.Set(attrSetAt, store.Num(ms)), store.Set(attrWhy, store.Text(why)),
			store.Set(attrQuarantine, flag(true)), store.Remove(attrProbeUntil), store.Remove(attrProbeBy),
			store.Set(attrTTL, ttlAfter(ms, keepRest)),
		},
	}
}
