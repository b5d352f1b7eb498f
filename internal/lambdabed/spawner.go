package lambdabed

import (
	"os/exec"
	"runtime"

	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

// spawner starts processes from one thread that lives as long as it does; see
// isolated.
type spawner struct {
	jobs chan func()
	done chan struct{}
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func()), done: make(chan struct{})}
	go s.run()
	return s
}

func (s *spawner) run() {
	defer close(s.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for job := range s.jobs {
		job()
	}
}

// start is cmd.Start, in a group unless that is nil. It must not be called
// after stop.
func (s *spawner) start(cmd *exec.Cmd, in *cgroup.Group) error {
	start := cmd.Start
	if in != nil {
		start = func() error { return in.Start(cmd) }
	}
	result := make(chan error)
	s.jobs <- func() { result <- start() }
	return <-result
}

func (s *spawner) stop() {
	close(s.jobs)
	<-s.done
}
