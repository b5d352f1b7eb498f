//go:build e2e && linux

package cgroup

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These need control groups that may be written, and fail without: they stand
// before measurements that would mean nothing then.

func made(t *testing.T) *Group {
	t.Helper()
	h, err := Find(Root)
	if err != nil {
		t.Fatal(err)
	}
	g, err := h.Make(strings.ReplaceAll(t.Name(), "/", "-"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Errorf("the group stays: %v", err) // a thread or process is left in it
		}
	})
	return g
}

// TestRealShare has a loop run for a second with a tenth of a processor.
func TestRealShare(t *testing.T) {
	g := made(t)
	if err := g.Limit(0.1); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("timeout", "1", "sh", "-c", "while :; do :; done")
	began := time.Now()
	if err := g.Start(cmd); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // 124: the time is over
	u, err := g.Usage()
	if err != nil {
		t.Fatal(err)
	}
	share := u.CPU.Seconds() / time.Since(began).Seconds()
	if share > 0.15 || share < 0.03 {
		t.Errorf("got %.3f of a processor, want 0.1", share)
	}
	if u.Throttled < 10 || u.Periods < u.Throttled {
		t.Errorf("got %d of %d periods cut short, want nearly all of 50", u.Throttled, u.Periods)
	}
}

func TestRealWithoutALimit(t *testing.T) {
	g := made(t)
	if err := g.Limit(0.1); err != nil {
		t.Fatal(err)
	}
	if err := g.Limit(0); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done")
	if err := g.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if u, err := g.Usage(); err != nil || u.CPU == 0 || u.Throttled > 0 {
		t.Errorf("got %+v, %v, want processor time and no pause", u, err)
	}
}

func TestRealMemberFromTheStart(t *testing.T) {
	g := made(t)
	cmd := exec.Command("cat", "/proc/self/cgroup")
	var out strings.Builder
	cmd.Stdout = &out
	if err := g.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(g.dirs[0])
	if got := strings.Count(out.String(), name); got != len(g.dirs) {
		t.Errorf("the process is in %d of %d groups:\n%s", got, len(g.dirs), out.String())
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || strings.Contains(string(own), name) {
		t.Errorf("we are in the group ourselves, %v:\n%s", err, own)
	}
}
