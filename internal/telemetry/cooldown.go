package telemetry

import (
	"log/slog"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// Cooldown is a change in the rest of a key or a quota group.
type Cooldown struct {
	Pool string
	// Of is "key" or "group", Name that key's or group's, Covers the model or
	// family that rests, "*" for all.
	Of, Name, Covers string
	Change           Change
	// Class is what the provider refused for; Why says it in words, without the
	// provider's id of the account.
	Class upstream.Class
	Why   string
	// Until is when it ends, for a change that is no end.
	Until time.Time
	// Quarantine says that a probe decides before anybody else may go.
	Quarantine bool
	// Key is the key whose answer changed it; empty for an operator's word.
	Key string
}

// Change is what became of a cooldown. The values are stable.
type Change string

// The changes.
const (
	Begun    Change = "begun"
	Extended Change = "extended"
	Probed   Change = "probed"  // one request goes out to test a quarantine
	Ended    Change = "ended"   // a success proved it over
	Cleared  Change = "cleared" // an operator ended it
)

// Changes lists all of them.
func Changes() []Change { return []Change{Begun, Extended, Probed, Ended, Cleared} }

// Line implements Event. A rest that begins is a warning, a quarantine that
// only an operator can cure an error.
func (c Cooldown) Line(dst []slog.Attr) (slog.Level, string, []slog.Attr) {
	dst = append(dst,
		slog.String("change", string(c.Change)), slog.String("pool", c.Pool),
		slog.String("of", c.Of), slog.String("name", c.Name), slog.String("covers", c.Covers),
		slog.String("class", string(c.Class)), slog.Bool("quarantine", c.Quarantine),
	)
	if !c.Until.IsZero() {
		dst = append(dst, slog.Time("until", c.Until.UTC()))
	}
	for _, text := range [...]struct{ name, value string }{{"why", c.Why}, {"key", c.Key}} {
		if text.value != "" {
			dst = append(dst, slog.String(text.name, text.value))
		}
	}
	return c.level(), "cooldown", dst
}

func (c Cooldown) level() slog.Level {
	switch {
	case c.Change != Begun:
		return slog.LevelInfo
	case c.forOperator():
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}

// forOperator reports whether waiting cures nothing.
func (c Cooldown) forOperator() bool {
	switch c.Class {
	case upstream.Auth, upstream.Billing, upstream.Hold, upstream.Encryption:
		return true
	}
	return false
}
