package main

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestTuneMemory(t *testing.T) {
	ratio, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(ratio)
		debug.SetMemoryLimit(limit)
	})
	const most = int64(math.MaxInt64)
	tests := []struct {
		name  string
		env   map[string]string
		ratio int
		limit int64
	}{
		{"on Lambda", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"}, 400, 128 << 20 / 100 * 75},
		{"elsewhere", nil, 400, most},
		{"no number", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "some"}, 400, most},
		{"nonsense", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "-1"}, 400, most},
		{"set by the operator", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "GOGC": "50", "GOMEMLIMIT": "1GiB"}, 100, most},
	}
	for _, tt := range tests { // one after the other: the settings are the process's
		t.Run(tt.name, func(t *testing.T) {
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			tuneMemory(func(name string) string { return tt.env[name] })
			if got := debug.SetGCPercent(100); got != tt.ratio {
				t.Errorf("got a ratio of %d, want %d", got, tt.ratio)
			}
			if got := debug.SetMemoryLimit(-1); got != tt.limit {
				t.Errorf("got a limit of %d bytes, want %d", got, tt.limit)
			}
		})
	}
}
