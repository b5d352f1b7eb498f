package telemetry

import "log/slog"

// StoreTrouble is a call to the shared state that failed, after which the
// request went on with what its instance knew; or the end of such a time.
type StoreTrouble struct {
	Pool string
	// Operation is "query" or "update"; empty when Recovered.
	Operation string
	// Cause is the error's text; it holds no secret.
	Cause string
	// Recovered says that the store answers again after it had been left alone.
	Recovered bool
}

// Line implements Event.
func (s StoreTrouble) Line(dst []slog.Attr) (slog.Level, string, []slog.Attr) {
	dst = append(dst, slog.String("pool", s.Pool))
	if s.Recovered {
		return slog.LevelInfo, "store answers again", dst
	}
	return slog.LevelWarn, "store unavailable, going on with local knowledge",
		append(dst, slog.String("operation", s.Operation), slog.String("cause", s.Cause))
}
