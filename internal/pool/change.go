package pool

import (
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// The writes that make up a rest's life. Each is conditional and loses, or
// changes nothing, when made twice: whoever is unsure whether a write arrived
// may simply repeat it.

// beginChange starts an episode, unless one is under way. The count is set and
// not added to, so that a repetition does not raise it.
func beginChange(now time.Time, r rest) store.Change {
	return store.Change{
		If: store.All(setBefore(r.set),
			store.AbsentOr("until", store.LE, store.Num(now.UnixMilli()))),
		Do: append([]store.Assign{
			store.Set("until", store.Num(r.until)), store.Set("set_at", store.Num(r.set)),
			store.Set("class", store.Text(string(r.class))), store.Set("why", store.Text(r.why)),
			store.Set("quarantine", flag(r.quarantine)), store.Set("count", store.Num(r.count)),
			store.Remove("probe_until"), store.Remove("probe_by"),
			store.Set("ttl", ttl(r.until)),
		}, r.shrinking()...),
	}
}

// shrinking is what an unexplained refusal does to the quota: once an episode,
// and with a new version, because starts were priced with the old burst.
func (r rest) shrinking() []store.Assign {
	if r.burst == 0 {
		return nil
	}
	return []store.Assign{
		store.Set(attrBurst, store.Num(r.burst)), store.Set(attrBurstAt, store.Num(r.set)), store.Add(attrVersion, 1),
	}
}

// extendChange moves the end of the episode set at that time later, never
// earlier. It can make a quarantine of a cooldown but not the reverse.
func extendChange(set int64, r rest) store.Change {
	c := store.Change{
		If: store.All(store.Is("set_at", store.EQ, store.Num(set)), store.Is("until", store.LT, store.Num(r.until))),
		Do: []store.Assign{
			store.Set("until", store.Num(r.until)), store.Set("class", store.Text(string(r.class))),
			store.Set("why", store.Text(r.why)), store.Set("ttl", ttl(r.until)),
		},
	}
	if r.quarantine {
		c.Do = append(c.Do, store.Set("quarantine", flag(true)))
	}
	return c
}

// probeChange takes the probe lease of a quarantine that has run out. by names
// this one claim, so that its maker knows it again when a reply was lost.
func probeChange(now time.Time, by string) store.Change {
	ms := store.Num(now.UnixMilli())
	return store.Change{
		If: store.All(store.Is("quarantine", store.EQ, flag(true)), store.Is("until", store.LE, ms),
			store.AbsentOr("probe_until", store.LE, ms)),
		Do: []store.Assign{
			store.Set("probe_until", store.Num(now.Add(probeLease).UnixMilli())),
			store.Set("probe_by", store.Text(by)),
		},
	}
}

// releaseChange gives a probe lease back.
func releaseChange(by string) store.Change {
	return store.Change{
		If: store.Is("probe_by", store.EQ, store.Text(by)),
		Do: []store.Assign{store.Remove("probe_until"), store.Remove("probe_by")},
	}
}

// endChange takes a success as proof that the rest is over. A success that was
// sent before the episode began proves nothing and loses.
func endChange(now, sent time.Time, by string) store.Change {
	return store.Change{
		If: store.All(store.Is("set_at", store.LT, store.Num(sent.UnixMilli())),
			store.Any(store.Is("until", store.LE, store.Num(now.UnixMilli())), store.Is("probe_by", store.EQ, store.Text(by)))),
		Do: endAssigns(now.UnixMilli(), "recovered"),
	}
}

// clearChange ends a rest on an operator's word. set must be later than that
// of the episode, or the instances that know it would take this for old news.
func clearChange(set int64) store.Change {
	return store.Change{If: setBefore(set), Do: endAssigns(set, "cleared by an operator")}
}

// endAssigns leave nothing of the episode but its fence. until is 0 and not
// the time of the end, which an instance whose clock is behind would wait for.
func endAssigns(set int64, why string) []store.Assign {
	return []store.Assign{
		store.Set("until", store.Num(0)), store.Set("set_at", store.Num(set)), store.Set("why", store.Text(why)),
		store.Set("quarantine", flag(false)), store.Set("count", store.Num(0)), store.Set("class", store.Text("")),
		store.Remove("probe_until"), store.Remove("probe_by"), store.Set("ttl", ttl(set)),
	}
}

func setBefore(set int64) store.Cond {
	return store.AbsentOr("set_at", store.LT, store.Num(set))
}

func flag(b bool) store.Value {
	if b {
		return store.Num(1)
	}
	return store.Num(0)
}

// ttl is when the table may drop a record that is over at ms, in seconds as
// DynamoDB wants it. Only cleanliness depends on it: see rest.lapsed.
func ttl(ms int64) store.Value {
	return store.Num(ms/1000 + int64(keepRest/time.Second))
}
