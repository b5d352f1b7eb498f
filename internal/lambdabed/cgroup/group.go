package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// Period is after what time a group that has used its share up runs on.
	// AWS does not document Lambda's. With 20 ms the share of Lambda's smallest
	// function, 1.4 ms, is above the kernel's least, 1 ms, which it would not be
	// with 10. A longer period makes fewer and longer pauses: what needs less than
	// one share meets none, what needs more waits for nearly a period each time.
	Period = 20 * time.Millisecond
	// least is the kernel's min_cfs_quota_period.
	least = time.Millisecond

	accountV1 = "cpuacct.usage"
	statistic = "cpu.stat"
)

// Group is a set of processes that share a limit. Its methods are safe for
// concurrent use, as the files behind it are.
type Group struct {
	dirs []string
	v2   bool
}

// Usage is what a group has taken since it was made.
type Usage struct {
	// CPU is processor time, of the user and of the kernel on its behalf.
	CPU time.Duration
	// Periods counts those in which the group was limited and wanted to run,
	// Throttled those of them in which it had to stop before their end.
	Periods, Throttled int64
}

// Make makes a group of that name without a limit. Names of two programs never
// meet: each has its process id before it.
func (h *Hierarchy) Make(name string) (*Group, error) {
	g := &Group{v2: h.v2}
	for _, dir := range h.dirs {
		dir = filepath.Join(dir, fmt.Sprintf("fallow-%d-%s", os.Getpid(), name))
		if err := os.Mkdir(dir, 0o755); err != nil {
			_ = g.Remove()
			return nil, err
		}
		g.dirs = append(g.dirs, dir)
	}
	return g, nil
}

// Limit gives the group that many processors' time in each Period; zero ends
// the limit. What has been taken in the present period counts.
func (g *Group) Limit(cores float64) error {
	quota, err := quotaOf(cores)
	if err != nil {
		return err
	}
	if g.v2 {
		if quota == "-1" {
			quota = "max"
		}
		return write(g.dirs[0], "cpu.max", quota+" "+micros(Period))
	}
	if err := write(g.dirs[0], "cpu.cfs_period_us", micros(Period)); err != nil {
		return err
	}
	return write(g.dirs[0], "cpu.cfs_quota_us", quota)
}

// quotaOf is the time in a Period, in microseconds; -1 stands for no limit.
func quotaOf(cores float64) (string, error) {
	quota := time.Duration(cores * float64(Period))
	switch {
	case cores == 0:
		return "-1", nil
	case quota < least:
		return "", fmt.Errorf("a share of %g processors is too small: the kernel gives at least %v in each %v", cores, least, Period)
	}
	return micros(quota), nil
}

func micros(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }

// Usage reads the accounts.
func (g *Group) Usage() (Usage, error) {
	text, err := os.ReadFile(filepath.Join(g.dirs[0], statistic))
	if err != nil {
		return Usage{}, err
	}
	figures := parseStat(string(text))
	u := Usage{
		CPU:     time.Duration(figures["usage_usec"]) * time.Microsecond,
		Periods: figures["nr_periods"], Throttled: figures["nr_throttled"],
	}
	if g.v2 {
		return u, nil
	}
	text, err = os.ReadFile(filepath.Join(g.dirs[len(g.dirs)-1], accountV1))
	if err != nil {
		return Usage{}, err
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	u.CPU = time.Duration(ns)
	return u, err
}

// parseStat reads lines of a name and a whole number. Kernels add names as they
// please, so that a line of another form is nobody's error.
func parseStat(text string) map[string]int64 {
	figures := map[string]int64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			figures[name] = n
		}
	}
	return figures
}

// Remove ends the group. None of its processes may be left.
func (g *Group) Remove() error {
	var errs []error
	for _, dir := range g.dirs {
		// The kernel's files go with their directory, those of a directory that
		// stands in for a group do not.
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}
