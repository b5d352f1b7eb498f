package rebalance

import (
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// rest is a window in which a key, a group, or a group for one model family is
// not used, as its record tells it.
type rest struct {
	records.Rest
	item store.Item
}

// restOf reads the rest in a record; ok is false for records of other kinds.
func restOf(item store.Item) (r rest, ok bool) {
	told, ok := records.RestOf(item)
	return rest{told, item}, ok
}

// rests lists the rests that keep anybody away, in the order of their records.
func (v view) rests() []rest {
	var found []rest
	for _, prefix := range []string{records.QuotaPrefix, records.RestPrefix} {
		for _, item := range v.sorted(prefix) {
			if r, ok := restOf(item); ok && r.stands(v.now) {
				found = append(found, r)
			}
		}
	}
	return found
}

// stands reports whether the rest keeps anybody away, and has not been over for
// so long that instances have forgotten it.
func (r rest) stands(now time.Time) bool { return r.Stands(now) && !r.Lapsed(now) }

// begin starts an episode in a record that was read, in place of what stands
// there.
func (r rest) begin(in store.Item) store.Change {
	return store.Change{If: unchanged(in, records.AttrSetAt, records.AttrUntil), Do: r.Begin()}
}

// extend moves the end of the episode that was read later; r ends no earlier
// than what stands there.
func (r rest) extend(in store.Item) store.Change {
	return store.Change{If: unchanged(in, records.AttrSetAt, records.AttrUntil, records.AttrQuarantine), Do: r.Extend()}
}

// asRead is the fence of what a call proves: the rest is as it was read before
// the call was sent, and not one that began since or that a refusal has made
// longer or graver.
func (r rest) asRead(sent time.Time) store.Cond {
	return store.All(unchanged(r.item, records.AttrSetAt, records.AttrUntil, records.AttrClass),
		store.Is(records.AttrSetAt, store.LT, store.Num(sent.UnixMilli())))
}

// end takes an answer to a call that was sent then as proof that the rest is
// over. Unlike a client's success it needs no probe lease to end a rest early,
// because the call was made to find out, and the record was read before it.
func (r rest) end(now, sent time.Time, why string) store.Change {
	return store.Change{If: r.asRead(sent), Do: records.End(now.UnixMilli(), why)}
}

// shorten lets one real request try now what a free call cannot prove. It is a
// new account of the rest, with a later set, as instances would not believe an
// earlier end otherwise.
func (r rest) shorten(now, sent time.Time, why string) store.Change {
	ms := now.UnixMilli()
	return store.Change{
		If: store.All(r.asRead(sent), store.Is(records.AttrUntil, store.GT, store.Num(ms))),
		Do: []store.Assign{
			store.Set(records.AttrUntil, store.Num(ms)), store.Set(records.AttrSetAt, store.Num(ms)),
			store.Set(records.AttrWhy, store.Text(why)), store.Set(records.AttrQuarantine, records.Flag(true)),
			store.Remove(records.AttrProbeUntil), store.Remove(records.AttrProbeBy),
			store.Set(records.AttrTTL, records.TTL(ms, records.KeepRest)),
		},
	}
}
