//go:build !linux

package overhead

import "time"

// waitUntil returns at that moment or a little later.
func waitUntil(t time.Time) { time.Sleep(time.Until(t)) }
