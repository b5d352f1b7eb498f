package main

import (
	"runtime/debug"
	"testing"
)

// TestCollectLess is not parallel: the setting is the process's.
func TestCollectLess(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		want    int
	}{
		{"ours", []string{"PATH=/bin", "MYGOGC=7"}, gcPercent},
		{"the operator's", []string{"GOGC=70"}, 123},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := debug.SetGCPercent(123)
			collectLess(tt.environ)
			if got := debug.SetGCPercent(before); got != tt.want {
				t.Errorf("percent = %d, want %d", got, tt.want)
			}
		})
	}
}
