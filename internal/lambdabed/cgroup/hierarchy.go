package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Root is where Linux distributions mount control groups.
const Root = "/sys/fs/cgroup"

// ErrUnavailable means that this machine, or this user, cannot limit processor
// time.
var ErrUnavailable = errors.New("processor time cannot be limited by control groups here")

// hint is for whoever meets ErrUnavailable. systemd-run needs no hierarchy that
// we may write, but limits a whole command and not each process of it.
const hint = "run as root on Linux, with the cpu controller of cgroup v1 or v2 mounted and writable; " +
	"to limit a whole command without that: systemd-run --user --scope -p CPUQuota=7.2% COMMAND"

// Hierarchy is where groups are made. It is never changed and safe for
// concurrent use.
type Hierarchy struct {
	// dirs are the directories in which a group has one each: version 1 may keep
	// limits and accounts apart. The first one holds the limits.
	dirs []string
	v2   bool
}

// Find looks below root, which is usually Root, for a hierarchy with the cpu
// controller, version 1 before 2: a machine that mounts both has its
// controllers in the former. Groups are made at the top of it and not below the
// caller's own: a group of version 2 that has processes can hand no controller
// down. The error is ErrUnavailable with the cause and a hint.
func Find(root string) (*Hierarchy, error) {
	for _, find := range []func(string) (*Hierarchy, error){version1, version2} {
		h, err := find(root)
		if err == nil {
			err = h.try()
		}
		if err == nil {
			return h, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %w; %s", ErrUnavailable, err, hint)
		}
	}
	return nil, fmt.Errorf("%w: no cpu controller below %s; %s", ErrUnavailable, root, hint)
}

// version1 finds the cpu controller and, mounted with it or apart, cpuacct.
func version1(root string) (*Hierarchy, error) {
	h := &Hierarchy{dirs: []string{filepath.Join(root, "cpu")}}
	if _, err := os.Stat(filepath.Join(h.dirs[0], "tasks")); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(h.dirs[0], accountV1)); err == nil {
		return h, nil
	}
	h.dirs = append(h.dirs, filepath.Join(root, "cpuacct"))
	_, err := os.Stat(filepath.Join(h.dirs[1], accountV1))
	return h, err
}

// version2 finds the one hierarchy, which hybrid set-ups call unified, and has
// it hand the controller to the groups below.
func version2(root string) (*Hierarchy, error) {
	for _, dir := range []string{root, filepath.Join(root, "unified")} {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err != nil || !slices.Contains(strings.Fields(string(text)), "cpu") {
			continue
		}
		return &Hierarchy{dirs: []string{dir}, v2: true}, write(dir, "cgroup.subtree_control", "+cpu")
	}
	return nil, fs.ErrNotExist
}

// try finds out whether groups may be made and limited, before anything relies
// on it.
func (h *Hierarchy) try() error {
	g, err := h.Make("try")
	if err != nil {
		return err
	}
	return errors.Join(g.Limit(1), g.Remove())
}

// write is os.WriteFile for files that are there already.
func write(dir, name, value string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644)
}
