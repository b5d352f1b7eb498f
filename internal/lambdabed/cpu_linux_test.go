package lambdabed_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

// pretended are control groups in plain directories, which limit nothing but
// keep what was written.
func pretended(t *testing.T) (*cgroup.Hierarchy, string) {
	t.Helper()
	root := t.TempDir()
	cpu := filepath.Join(root, "cpu")
	if err := os.MkdirAll(cpu, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tasks", "cpuacct.usage"} {
		if err := os.WriteFile(filepath.Join(cpu, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := cgroup.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	return groups, cpu
}

// theGroup is the directory of the only environment's group.
func theGroup(t *testing.T, cpu string) string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(cpu, "fallow-*"))
	if len(found) != 1 {
		t.Fatalf("got groups %v, want one", found)
	}
	return found[0]
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestShareOf(t *testing.T) {
	t.Parallel()
	if got := lambdabed.ShareOf(1769); got != 1 {
		t.Errorf("got %v of 1,769 MB, want 1", got)
	}
	if got := lambdabed.ShareOf(128); got < 0.072 || got > 0.073 {
		t.Errorf("got %v of 128 MB, want 0.0724", got)
	}
}

func TestShareHoldsFromTheFirstPollOn(t *testing.T) {
	t.Parallel()
	groups, cpu := pretended(t)
	b := start(t, lambdabed.Config{MemorySize: 128, CPU: lambdabed.CPU{Groups: groups, Share: lambdabed.ShareOf(128), Init: 1}})
	if got := getIdle(t, b, "/env?name=AWS_LAMBDA_FUNCTION_MEMORY_SIZE").body; got != "128" {
		t.Errorf("the function believes to have %s MB, want 128", got)
	}
	dir := theGroup(t, cpu)
	if got, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_quota_us")); string(got) != "1447" {
		t.Errorf("got a quota of %s after the start, want 1447", got)
	}
	if _, err := b.Usage(1); err == nil {
		t.Error("accounts were read where there are none")
	}
	put(t, dir, "cpu.stat", "nr_periods 9\nnr_throttled 3\n")
	put(t, dir, "cpuacct.usage", "5000000\n")
	u, err := b.Usage(1)
	if err != nil || u.CPU != 5*time.Millisecond || u.Periods != 9 || u.Throttled != 3 || u.PeakMemory < 1<<20 {
		t.Errorf("got %+v, %v, want what the files say and some memory", u, err)
	}
	if !b.Kill(1) {
		t.Error("the environment was gone")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("got %v, want that the group went with its process", err)
	}
	if _, err := b.Usage(1); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("got %v of an environment that is gone, want that it is", err)
	}
}

func TestStartHasItsOwnShare(t *testing.T) {
	t.Parallel()
	groups, cpu := pretended(t)
	b := start(t, lambdabed.Config{Env: []string{"ECHOFN=hang"}, CPU: lambdabed.CPU{Groups: groups, Share: 0.1, Init: 1}, InitTimeout: 200 * time.Millisecond})
	quota := make(chan string)
	go func() {
		for {
			found, _ := filepath.Glob(filepath.Join(cpu, "fallow-*", "cpu.cfs_quota_us"))
			if len(found) == 1 {
				if text, _ := os.ReadFile(found[0]); len(text) > 0 {
					quota <- string(text)
					return
				}
			}
			runtime.Gosched()
		}
	}()
	go b.Invoke(t.Context(), []byte(`{}`))
	if got := <-quota; got != "20000" {
		t.Errorf("got a quota of %s during the start, want 20000", got)
	}
}

func TestProcessWithoutItsLimitIsNotUsed(t *testing.T) {
	t.Parallel()
	groups, cpu := pretended(t)
	b := start(t, lambdabed.Config{CPU: lambdabed.CPU{Groups: groups, Share: 0.001, Init: 1}})
	if res := get(t, b, "/pid"); res.StatusCode != 502 {
		t.Errorf("got %d of a process whose share cannot be set, want 502", res.StatusCode)
	}
	wait(t, b, func(s lambdabed.Stats) bool { return s.Environments == 0 })
	if found, _ := filepath.Glob(filepath.Join(cpu, "fallow-*")); len(found) > 0 {
		t.Errorf("groups are left: %v", found)
	}
}

func TestProcessIsNotStartedOutsideOfItsGroup(t *testing.T) {
	t.Parallel()
	groups, cpu := pretended(t)
	b := start(t, lambdabed.Config{CPU: lambdabed.CPU{Groups: groups, Init: 0.001}})
	if _, err := b.Invoke(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("got %v, want that the share is too small", err)
	}
	if err := os.RemoveAll(cpu); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Invoke(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want that the group cannot be made", err)
	}
	if got := b.Stats(); got.Environments != 0 {
		t.Errorf("got %+v, want that nothing runs", got)
	}
}

func TestSharesNeedGroups(t *testing.T) {
	t.Parallel()
	for _, cpu := range []lambdabed.CPU{{Share: 1}, {Init: 1}} {
		if b, err := lambdabed.Start(lambdabed.Config{Binary: binary, CPU: cpu}); err == nil || !strings.Contains(err.Error(), "cgroup.Find") {
			b.Close()
			t.Errorf("got %v, want where groups come from", err)
		}
	}
	b := start(t, lambdabed.Config{})
	getIdle(t, b, "/pid")
	if _, err := b.Usage(1); err == nil {
		t.Error("accounts were read without groups")
	}
}
