package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// Start is cmd.Start for a process that is a member of the group from its first
// instruction. It may change cmd.SysProcAttr.
func (g *Group) Start(cmd *exec.Cmd) error {
	if g.v2 {
		return g.startV2(cmd)
	}
	// Version 1 has no such thing as a process that is born into a group, but
	// children begin in the group of the thread that made them. So the thread
	// goes there and comes back.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := move(g.dirs); err != nil {
		return err
	}
	started := cmd.Start()
	var tops []string
	for _, dir := range g.dirs {
		tops = append(tops, filepath.Dir(dir))
	}
	err := move(tops)
	if err != nil && started == nil {
		_ = cmd.Process.Kill() // a thread that stays in the group would share its limit
		_ = cmd.Wait()
	}
	return errors.Join(started, err)
}

// move makes the calling thread a member of these groups.
func move(dirs []string) error {
	for _, dir := range dirs {
		if err := write(dir, "tasks", strconv.Itoa(syscall.Gettid())); err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) startV2(cmd *exec.Cmd) error {
	dir, err := os.Open(g.dirs[0])
	if err != nil {
		return err
	}
	defer dir.Close()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(dir.Fd())
	return cmd.Start()
}
