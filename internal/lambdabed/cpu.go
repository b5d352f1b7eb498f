package lambdabed

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

// wholeProcessor is the memory, in MB, that comes with one processor (AWS docs,
// configuration-memory).
const wholeProcessor = 1769

// ShareOf is how many processors' time Lambda gives to a function of that much
// memory, in MB.
func ShareOf(memory int) float64 { return float64(memory) / wholeProcessor }

// CPU is how much processor time an environment has. The zero CPU sets no
// limits and keeps no accounts.
type CPU struct {
	// Groups is where limits are set and accounts are kept. Required for either.
	Groups *cgroup.Hierarchy
	// Share is in processors and holds from the first poll on, Init until then.
	// Zero means no limit. Lambda gives the start more than the rest; how much
	// AWS does not document.
	Share, Init float64
}

func (c CPU) check() error {
	if c.Groups == nil && (c.Share != 0 || c.Init != 0) {
		return errors.New("CPU has a share but no control groups; cgroup.Find finds them")
	}
	return nil
}

// Usage is what an environment has taken since its process was started.
type Usage struct {
	cgroup.Usage
	// PeakMemory is the most memory that was resident at once, in bytes, the pages
	// of the program's file that were needed among it.
	PeakMemory int64
}

// Usage tells what environment n has taken so far; Config.CPU must have groups.
// It is an error if the environment is not running.
func (b *Bed) Usage(n int) (Usage, error) {
	b.mu.Lock()
	e := b.envs[n]
	b.mu.Unlock()
	if e == nil || b.cfg.CPU.Groups == nil {
		return Usage{}, fmt.Errorf("lambdabed: no accounts of environment %d: it is gone, or Config.CPU has no groups", n)
	}
	select {
	case <-e.ready:
	case <-e.dead: // its accounts are gone, which the reading will say
	}
	taken, err := e.group.Usage()
	if err != nil {
		return Usage{}, err
	}
	peak, err := peakMemory(e.cmd.Process.Pid)
	return Usage{taken, peak}, err
}

// peakMemory reads the VmHWM of /proc, which only Linux has.
func peakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(after, "kB")
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return kilobytes << 10, err
}

// enterGroup makes the environment's group, with the limit of the start.
func (e *environment) enterGroup() (err error) {
	if e.cfg.CPU.Groups == nil {
		return nil
	}
	if e.group, err = e.cfg.CPU.Groups.Make(newUUID()); err != nil {
		return err
	}
	return e.group.Limit(e.cfg.CPU.Init)
}

// throttle sets the limit that holds after the start.
func (e *environment) throttle() {
	if e.group == nil || e.cfg.CPU.Share == e.cfg.CPU.Init {
		return
	}
	if err := e.group.Limit(e.cfg.CPU.Share); err != nil {
		// A process without its limit would be measured as if it had it.
		fmt.Fprintf(e.cfg.Log, "lambdabed: %v\n", err)
		e.kill()
	}
}

func (e *environment) ungroup() error {
	if e.group == nil {
		return nil
	}
	return e.group.Remove()
}
