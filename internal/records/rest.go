package records

import (
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Rest is a window in which a scope is not used.
//
// The accounts of one rest form a line: Set grows with every beginning and every
// end, and between two of these Until and Probe only grow. So of two accounts the
// later one can be told, in whatever order they arrive and by whosever clock they
// were written. Whoever writes one keeps to that.
type Rest struct {
	On    Scope
	Until int64 // ms since epoch; 0 once a success or an operator has ended it
	// Set is when this episode began or ended: ms since epoch, moved on where a
	// clock behind the last writer's would not let it grow. It is a fence: a
	// success counts only if it was sent after.
	Set        int64
	Class      upstream.Class
	Why        string
	Quarantine bool  // when it ends, one probe decides before anybody else goes
	Probe      int64 // ms: until when the probe lease is held
	ProbeBy    string
	Count      int64 // episodes in a row without a success between them
}

// RestOf reads the rest in a record; ok is false for records of other kinds.
func RestOf(i store.Item) (r Rest, ok bool) {
	on, ok := ScopeOf(i.Key.Sort)
	if !ok {
		return Rest{}, false
	}
	return Rest{
		On: on, Until: i.Int(AttrUntil), Set: i.Int(AttrSetAt),
		Class: upstream.Class(i.Str(AttrClass)), Why: i.Str(AttrWhy),
		Quarantine: i.Int(AttrQuarantine) == 1, Count: i.Int(AttrCount),
		Probe: i.Int(AttrProbeUntil), ProbeBy: i.Str(AttrProbeBy),
	}, true
}

// Stands reports whether the rest keeps anybody away: until its end, and a
// quarantine until a probe has succeeded.
func (r Rest) Stands(now time.Time) bool {
	return r.Quarantine || r.Until > now.UnixMilli()
}

// Lapsed reports whether the rest has been over for so long that it no longer
// matters, a quarantine too.
func (r Rest) Lapsed(now time.Time) bool {
	return max(r.Until, r.Set) < now.Add(-KeepRest).UnixMilli()
}

// Begin writes all of an episode and nobody's probe lease. The count is set and
// not added to, so that a repetition does not raise it.
func (r Rest) Begin() []store.Assign {
	return []store.Assign{
		store.Set(AttrUntil, store.Num(r.Until)), store.Set(AttrSetAt, store.Num(r.Set)),
		store.Set(AttrClass, store.Text(string(r.Class))), store.Set(AttrWhy, store.Text(r.Why)),
		store.Set(AttrQuarantine, Flag(r.Quarantine)), store.Set(AttrCount, store.Num(r.Count)),
		store.Remove(AttrProbeUntil), store.Remove(AttrProbeBy), store.Set(AttrTTL, TTL(r.Until, KeepRest)),
	}
}

// Extend writes another end and the reason for it. It can make a quarantine of a
// cooldown but not the reverse.
func (r Rest) Extend() []store.Assign {
	do := []store.Assign{
		store.Set(AttrUntil, store.Num(r.Until)), store.Set(AttrClass, store.Text(string(r.Class))),
		store.Set(AttrWhy, store.Text(r.Why)), store.Set(AttrTTL, TTL(r.Until, KeepRest)),
	}
	if r.Quarantine {
		do = append(do, store.Set(AttrQuarantine, Flag(true)))
	}
	return do
}

// End leaves nothing of an episode but its fence. The end is 0 and not the time
// of the ending, which an instance whose clock is behind would wait for.
func End(set int64, why string) []store.Assign {
	return []store.Assign{
		store.Set(AttrUntil, store.Num(0)), store.Set(AttrSetAt, store.Num(set)), store.Set(AttrWhy, store.Text(why)),
		store.Set(AttrQuarantine, Flag(false)), store.Set(AttrCount, store.Num(0)), store.Set(AttrClass, store.Text("")),
		store.Remove(AttrProbeUntil), store.Remove(AttrProbeBy), store.Set(AttrTTL, TTL(set, KeepRest)),
	}
}
