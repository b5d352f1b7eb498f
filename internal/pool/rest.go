package pool

import (
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// A rest is a window in which a scope is not used, as it is known here.
type rest struct {
	records.Rest
	// burst, if not 0, is what the quota's burst becomes with this episode.
	burst int64
	// draft marks what was decided here and the store has not confirmed.
	draft bool
}

// probeLease is how long a probe may take before another may try. A generation
// can take longer; then a second probe goes out, which is harmless.
const probeLease = 60 * time.Second

// restOf is what a record of a scope tells; nothing, of other records.
func restOf(i store.Item) rest {
	told, _ := records.RestOf(i)
	return rest{Rest: told}
}

// free returns when the rest lets a request pass, and whether that request
// must hold the probe lease. A zero time means now.
func (r rest) free(now time.Time) (at time.Time, probe bool) {
	ms := now.UnixMilli()
	switch {
	case r.Until > ms:
		return time.UnixMilli(r.Until), r.Quarantine
	case r.Quarantine && r.Probe > ms:
		return time.UnixMilli(r.Probe), true
	default:
		return time.Time{}, r.Quarantine
	}
}

// replaces reports whether r, which the store has told, is to replace o, which
// is known here. A draft stays until the store has taken it in, somebody has
// ended it, or it has run out: a write that failed must not end a rest here.
func (r rest) replaces(o rest, now time.Time) bool {
	switch {
	case o.draft:
		return r.Until >= o.Until || r.Until == 0 && r.Set > o.Set || o.Until <= now.UnixMilli()
	case r.Set != o.Set:
		return r.Set > o.Set
	default:
		return r.Until > o.Until || r.Probe > o.Probe
	}
}
