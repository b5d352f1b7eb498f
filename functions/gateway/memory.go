package main

import (
	"runtime/debug"
	"strconv"
)

const (
	// garbageRatio lets the heap grow to five times what is in use before it is
	// searched. A request leaves a megabyte behind and next to nothing stays, so
	// that with Go's own 100 a fifth of the processor time of a request was the
	// collector's, and a small function has little of that but memory to spare.
	garbageRatio = 400
	// memoryShare of the function's memory, in percent, is where Go begins to
	// collect as often as it takes: what large requests need goes before.
	memoryShare = 75
)

// tuneMemory suits the collector to the function. GOGC and GOMEMLIMIT, which
// the Go runtime has read, go before.
func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(garbageRatio)
	}
	megabytes, err := strconv.ParseInt(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 64)
	if err == nil && megabytes > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(megabytes << 20 / 100 * memoryShare)
	}
}
