package pool

import (
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// A rest is a window in which a scope is not used.
//
// The store's accounts of one rest form a line: set grows with every beginning
// and every end, and between two of these until and probe only grow. So of two
// accounts the later one can be told, in whatever order they arrive and by
// whosever clock they were written.
type rest struct {
	on    scope
	until int64 // ms since epoch; 0 once a success or an operator has ended it
	// set is when this episode began or ended: ms since epoch, moved on where a
	// clock behind the last writer's would not let it grow. It is a fence: a
	// success counts only if it was sent after.
	set        int64
	class      upstream.Class
	why        string
	quarantine bool  // when it ends, one probe decides before anybody else goes
	probe      int64 // ms: until when the probe lease is held
	probeBy    string
	count      int64 // episodes in a row without a success between them
	// burst, if not 0, is what the quota's burst becomes with this episode.
	burst int64
	// draft marks what was decided here and the store has not confirmed.
	draft bool
}

const (
	// probeLease is how long a probe may take before another may try. A
	// generation can take longer; then a second probe goes out, which is
	// harmless.
	probeLease = 60 * time.Second
	// keepRest is how long a rest that is over still matters. The table may
	// drop it then, so everybody has to forget it.
	keepRest = 24 * time.Hour
)

func restOf(i store.Item) rest {
	return rest{
		on: scopeOf(i.Key.Sort), until: i.Int("until"), set: i.Int("set_at"),
		class: upstream.Class(i.Str("class")), why: i.Str("why"),
		quarantine: i.Int("quarantine") == 1, count: i.Int("count"),
		probe: i.Int("probe_until"), probeBy: i.Str("probe_by"),
	}
}

// free returns when the rest lets a request pass, and whether that request
// must hold the probe lease. A zero time means now.
func (r rest) free(now time.Time) (at time.Time, probe bool) {
	ms := now.UnixMilli()
	switch {
	case r.until > ms:
		return time.UnixMilli(r.until), r.quarantine
	case r.quarantine && r.probe > ms:
		return time.UnixMilli(r.probe), true
	default:
		return time.Time{}, r.quarantine
	}
}

// stands reports whether the rest keeps anybody away: until its end, and a
// quarantine until a probe has succeeded.
func (r rest) stands(now time.Time) bool {
	return r.quarantine || r.until > now.UnixMilli()
}

// lapsed reports whether the rest has been over for so long that it no longer
// matters.
func (r rest) lapsed(now time.Time) bool {
	return max(r.until, r.set) < now.Add(-keepRest).UnixMilli()
}

// replaces reports whether r, which the store has told, is to replace o, which
// is known here. A draft stays until the store has taken it in, somebody has
// ended it, or it has run out: a write that failed must not end a rest here.
func (r rest) replaces(o rest, now time.Time) bool {
	switch {
	case o.draft:
		return r.until >= o.until || r.until == 0 && r.set > o.set || o.until <= now.UnixMilli()
	case r.set != o.set:
		return r.set > o.set
	default:
		return r.until > o.until || r.probe > o.probe
	}
}
