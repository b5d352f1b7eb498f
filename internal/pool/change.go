package pool

import (
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// The writes that make up a rest's life. Each is conditional and loses, or
// changes nothing, when made twice: whoever is unsure whether a write arrived
// may simply repeat it.

// beginChange starts an episode, unless one is under way.
func beginChange(now time.Time, r rest) store.Change {
	return store.Change{
		If: store.All(setBefore(r.Set),
			store.AbsentOr(records.AttrUntil, store.LE, store.Num(now.UnixMilli()))),
		Do: append(r.Begin(), r.shrinking()...),
	}
}

// shrinking is what an unexplained refusal does to the quota: once an episode,
// and with a new version, because starts were priced with the old burst.
func (r rest) shrinking() []store.Assign {
	if r.burst == 0 {
		return nil
	}
	return []store.Assign{
		store.Set(records.AttrBurst, store.Num(r.burst)), store.Set(records.AttrBurstAt, store.Num(r.Set)), store.Add(records.AttrVersion, 1),
	}
}

// extendChange moves the end of the episode set at that time later, never
// earlier.
func extendChange(set int64, r rest) store.Change {
	return store.Change{
		If: store.All(store.Is(records.AttrSetAt, store.EQ, store.Num(set)), store.Is(records.AttrUntil, store.LT, store.Num(r.Until))),
		Do: r.Extend(),
	}
}

// probeChange takes the probe lease of a quarantine that has run out. by names
// this one claim, so that its maker knows it again when a reply was lost.
func probeChange(now time.Time, by string) store.Change {
	ms := store.Num(now.UnixMilli())
	return store.Change{
		If: store.All(store.Is(records.AttrQuarantine, store.EQ, records.Flag(true)), store.Is(records.AttrUntil, store.LE, ms),
			store.AbsentOr(records.AttrProbeUntil, store.LE, ms)),
		Do: []store.Assign{
			store.Set(records.AttrProbeUntil, store.Num(now.Add(probeLease).UnixMilli())),
			store.Set(records.AttrProbeBy, store.Text(by)),
		},
	}
}

// releaseChange gives a probe lease back.
func releaseChange(by string) store.Change {
	return store.Change{
		If: store.Is(records.AttrProbeBy, store.EQ, store.Text(by)),
		Do: []store.Assign{store.Remove(records.AttrProbeUntil), store.Remove(records.AttrProbeBy)},
	}
}

// endChange takes a success as proof that the rest is over. A success that was
// sent before the episode began proves nothing and loses.
func endChange(now, sent time.Time, by string) store.Change {
	return store.Change{
		If: store.All(store.Is(records.AttrSetAt, store.LT, store.Num(sent.UnixMilli())),
			store.Any(store.Is(records.AttrUntil, store.LE, store.Num(now.UnixMilli())), store.Is(records.AttrProbeBy, store.EQ, store.Text(by)))),
		Do: records.End(now.UnixMilli(), "recovered"),
	}
}

// clearChange ends a rest on an operator's word. set must be later than that
// of the episode, or the instances that know it would take this for old news.
func clearChange(set int64) store.Change {
	return store.Change{If: setBefore(set), Do: records.End(set, "cleared by an operator")}
}

func setBefore(set int64) store.Cond {
	return store.AbsentOr(records.AttrSetAt, store.LT, store.Num(set))
}
