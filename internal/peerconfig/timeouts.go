package peerconfig

import (
	"math"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
)

// timeouts are those that a document sets; 0 means Fallow's default.
type timeouts struct{ firstToken, idle, total time.Duration }

// The defaults and the bound of config's timeouts.
const (
	defaultConnect = 5 * time.Second
	defaultToken   = time.Minute
	defaultTotal   = 14 * time.Minute
	maxTotal       = 15 * time.Minute
)

// duration reads a number of units; 0 when it says nothing usable.
func (im *importer) duration(v *value, unit time.Duration) time.Duration {
	n, ok := v.number()
	if !ok {
		return 0
	}
	if n <= 0 {
		im.note(Otherwise, v, "is no time: the default stays")
		return 0
	}
	d := time.Duration(math.Min(n*float64(unit), float64(24*time.Hour))).Round(time.Millisecond)
	if d > maxTotal {
		im.note(Otherwise, v, "became 14m: a call ends before Lambda does, which is after 15 minutes")
		return defaultTotal
	}
	return max(d, time.Millisecond)
}

// written returns all four bounds, each within the ones that contain it.
func (t timeouts) written() config.Timeouts {
	or := func(d, otherwise time.Duration) time.Duration {
		if d > 0 {
			return d
		}
		return otherwise
	}
	total := or(t.total, defaultTotal)
	first := min(or(t.firstToken, defaultToken), total)
	return config.Timeouts{
		Connect:    config.Duration(min(defaultConnect, first)),
		FirstToken: config.Duration(first),
		Idle:       config.Duration(min(or(t.idle, defaultToken), total)),
		Total:      config.Duration(total),
	}
}
