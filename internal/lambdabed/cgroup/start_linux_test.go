package cgroup

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestStartEntersAndLeaves(t *testing.T) {
	t.Parallel()
	root := fake(t, apart)
	h, err := Find(root)
	if err != nil {
		t.Fatal(err)
	}
	g, err := h.Make("one")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("true")
	if err := g.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	for i, dir := range h.dirs {
		in, out := read(t, filepath.Join(g.dirs[i], "tasks")), read(t, filepath.Join(dir, "tasks"))
		if _, err := strconv.Atoi(in); err != nil || in != out {
			t.Errorf("thread %q entered and %q left, want the same", in, out)
		}
	}
}

func TestStartEndsAProcessWhoseThreadCannotLeave(t *testing.T) {
	t.Parallel()
	root := fake(t, map[string]string{"top/group/tasks": "", "top/tasks/in-the-way": ""})
	g := &Group{dirs: []string{filepath.Join(root, "top", "group")}}
	cmd := exec.Command("sleep", "60")
	if err := g.Start(cmd); err == nil || !strings.Contains(err.Error(), "tasks") {
		t.Errorf("got %v, want that the thread cannot leave", err)
	}
	if cmd.ProcessState == nil || cmd.ProcessState.Success() {
		t.Errorf("the process is still there or ended well: %v", cmd.ProcessState)
	}
}

func TestStartFailsWhereVersion2IsNotMounted(t *testing.T) {
	t.Parallel()
	g := &Group{dirs: []string{t.TempDir()}, v2: true}
	cmd := exec.Command("true")
	if err := g.Start(cmd); err == nil {
		_ = cmd.Wait()
		t.Error("a process started in a plain directory")
	}
}
