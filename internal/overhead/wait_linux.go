package overhead

import (
	"syscall"
	"time"
)

// waitUntil returns at that moment, some 60 microseconds late. A timer of the
// runtime is up to a millisecond late where nothing else runs, which is more
// than what is to be measured; to spin would take a processor from the others.
func waitUntil(t time.Time) {
	if d := time.Until(t); d > 0 {
		ts := syscall.NsecToTimespec(d.Nanoseconds())
		_ = syscall.Nanosleep(&ts, nil) // one that a signal ends is merely early
	}
}
