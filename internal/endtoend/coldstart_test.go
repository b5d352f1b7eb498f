//go:build e2e

package endtoend

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
)

// TestColdStart measures process start to first Runtime API poll, median of 30
// on one processor. It prints figures and judges nothing: speed belongs in
// docs/benchmarks.md, machines differ.
func TestColdStart(t *testing.T) {
	r := newRig(t, 4, always(0))
	path := functionBinary(t, "gateway")
	env := append(r.env(), "FALLOW_CONFIG="+r.config, "FALLOW_TABLE="+r.table, "GOMAXPROCS=1")
	var took []time.Duration
	for range 30 {
		began, polled, err := lambdabed.ColdStart(t.Context(), lambdabed.Config{Binary: path, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, polled.Sub(began))
	}
	slices.Sort(took)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("process start to first poll, GOMAXPROCS=1: median %v, p90 %v, max %v; binary %.1f MB",
		took[15].Round(100*time.Microsecond), took[27].Round(100*time.Microsecond), took[29].Round(100*time.Microsecond), float64(info.Size())/1e6)
}
