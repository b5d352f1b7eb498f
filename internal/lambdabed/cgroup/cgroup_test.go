package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake makes a directory with these files, as a mount of control groups has them.
func fake(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	apart    = map[string]string{"cpu/tasks": "", "cpuacct/tasks": "", "cpuacct/cpuacct.usage": "0"}
	together = map[string]string{"cpu/tasks": "", "cpu/cpuacct.usage": "0"}
	unified  = map[string]string{"cgroup.controllers": "cpuset cpu io memory\n", "cgroup.subtree_control": ""}
)

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		dirs  []string // nil: there is none
		v2    bool
	}{
		{"version 1, accounts apart", apart, []string{"cpu", "cpuacct"}, false},
		{"version 1, accounts together", together, []string{"cpu"}, false},
		{"version 2", unified, []string{"."}, true},
		{"both, the controller in version 2", map[string]string{"unified/cgroup.controllers": "cpu", "memory/tasks": ""}, []string{"unified"}, true},
		{"both, the controller in version 1", map[string]string{"cpu/tasks": "", "cpu/cpuacct.usage": "0", "unified/cgroup.controllers": ""}, []string{"cpu"}, false},
		{"version 1 without accounts", map[string]string{"cpu/tasks": ""}, nil, false},
		{"version 2 without cpu", map[string]string{"cgroup.controllers": "cpuset memory"}, nil, false},
		{"nothing", nil, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := fake(t, tt.files)
			h, err := Find(root)
			if tt.dirs == nil {
				if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "systemd-run") {
					t.Errorf("got %v, want ErrUnavailable with a hint", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, dir := range tt.dirs {
				want = append(want, filepath.Join(root, dir))
			}
			if strings.Join(h.dirs, " ") != strings.Join(want, " ") || h.v2 != tt.v2 {
				t.Errorf("got %v, version 2 %v, want %v, %v", h.dirs, h.v2, want, tt.v2)
			}
			for _, dir := range h.dirs {
				if left, _ := filepath.Glob(filepath.Join(dir, "fallow-*")); len(left) > 0 {
					t.Errorf("the trial left %v", left)
				}
			}
			if tt.v2 && read(t, filepath.Join(h.dirs[0], "cgroup.subtree_control")) != "+cpu" {
				t.Error("groups below have no cpu controller")
			}
		})
	}
}

func TestFindSaysWhyGroupsCannotBeMade(t *testing.T) {
	t.Parallel()
	root := fake(t, together)
	h := &Hierarchy{dirs: []string{filepath.Join(root, "cpu")}}
	if _, err := h.Make("try"); err != nil { // in the way of the trial
		t.Fatal(err)
	}
	_, err := Find(root)
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v, want ErrUnavailable with its cause", err)
	}
}

func TestMakeLeavesNothingWhenItFails(t *testing.T) {
	t.Parallel()
	root := fake(t, map[string]string{"cpu/tasks": ""})
	h := &Hierarchy{dirs: []string{filepath.Join(root, "cpu"), filepath.Join(root, "missing")}}
	if _, err := h.Make("half"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that a directory is missing", err)
	}
	if left, _ := filepath.Glob(filepath.Join(root, "cpu", "fallow-*")); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		cores  float64
		v1, v2 string // quota in cpu.cfs_quota_us, cpu.max
		fails  bool
	}{
		{"128 MB of 1,769", 128.0 / 1769, "1447", "1447 20000", false},
		{"512 MB of 1,769", 512.0 / 1769, "5788", "5788 20000", false},
		{"two", 2, "40000", "40000 20000", false},
		{"none", 0, "-1", "max 20000", false},
		{"the kernel's least", 0.05, "1000", "1000 20000", false},
		{"too little", 0.049, "", "", true},
		{"negative", -1, "", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one, two := &Group{dirs: []string{t.TempDir()}}, &Group{dirs: []string{t.TempDir()}, v2: true}
			err := errors.Join(one.Limit(tt.cores), two.Limit(tt.cores))
			if tt.fails {
				if err == nil || !strings.Contains(err.Error(), "at least 1ms in each 20ms") {
					t.Errorf("got %v, want what would be right", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, filepath.Join(one.dirs[0], "cpu.cfs_quota_us")); got != tt.v1 {
				t.Errorf("version 1: got %s, want %s", got, tt.v1)
			}
			if got := read(t, filepath.Join(one.dirs[0], "cpu.cfs_period_us")); got != "20000" {
				t.Errorf("version 1: got a period of %s, want 20000", got)
			}
			if got := read(t, filepath.Join(two.dirs[0], "cpu.max")); got != tt.v2 {
				t.Errorf("version 2: got %s, want %s", got, tt.v2)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	const counts = "nr_periods 40\nnr_throttled 7\nthrottled_time 123456789\n"
	want := Usage{CPU: 1234 * time.Microsecond, Periods: 40, Throttled: 7}
	tests := []struct {
		name  string
		files map[string]string
		group Group
	}{
		{"version 1, apart", map[string]string{"l/cpu.stat": counts, "a/cpuacct.usage": "1234000\n"}, Group{dirs: []string{"l", "a"}}},
		{"version 1, together", map[string]string{"l/cpu.stat": counts, "l/cpuacct.usage": "1234000\n"}, Group{dirs: []string{"l"}}},
		{"version 2", map[string]string{"l/cpu.stat": "usage_usec 1234\nuser_usec 1000\n" + counts}, Group{dirs: []string{"l"}, v2: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, g := fake(t, tt.files), tt.group
			g.dirs = append([]string(nil), g.dirs...)
			for i := range g.dirs {
				g.dirs[i] = filepath.Join(root, g.dirs[i])
			}
			if got, err := g.Usage(); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if err := g.Remove(); err != nil {
				t.Fatal(err)
			}
			if _, err := g.Usage(); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("got %v of a group that is gone, want that it is", err)
			}
		})
	}
}

func TestUsageNeedsTheAccounts(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"missing": {"cpu.stat": ""}, "damaged": {"cpu.stat": "", "cpuacct.usage": "soon"},
	} {
		g := &Group{dirs: []string{fake(t, files)}}
		if got, err := g.Usage(); err == nil {
			t.Errorf("%s: got %+v without an error", name, got)
		}
	}
}

func TestStartFailsWithoutAGroup(t *testing.T) {
	t.Parallel()
	gone := filepath.Join(t.TempDir(), "gone")
	for _, v2 := range []bool{false, true} {
		g := &Group{dirs: []string{gone}, v2: v2}
		cmd := exec.Command("true")
		if err := g.Start(cmd); err == nil {
			_ = cmd.Wait()
			t.Errorf("version 2 %v: a process started outside of its group", v2)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("usage_usec 1234\nnr_periods 40\nnr_throttled 7\n")
	f.Add("some avg10=0.00 avg60=0.00\n\nnr_bursts")
	f.Fuzz(func(t *testing.T, text string) {
		for name, n := range parseStat(text) {
			if strings.ContainsAny(name, " \n") || n != 0 && !strings.ContainsAny(text, "123456789") {
				t.Errorf("got %q = %d of %q", name, n, text)
			}
		}
	})
}
