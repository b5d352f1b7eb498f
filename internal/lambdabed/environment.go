package lambdabed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

// owner is told of an environment's life.
type owner interface {
	idle(*environment) // polls again after an invocation; frozen by now
	gone(*environment) // the process has ended
}

// environment is one process and the Runtime API that only it talks to.
type environment struct {
	id     int
	cfg    Config
	owner  owner
	cmd    *exec.Cmd
	server *http.Server
	group  *cgroup.Group // nil without control groups

	work     chan *invocation // taken by the poll
	launched chan struct{}    // closed when the process was started, or could not be
	ready    chan struct{}    // closed at the first poll
	dead     chan struct{}    // closed when the process has ended
	reaped   chan struct{}    // closed when nothing of it is left

	started   time.Time
	firstPoll sync.Once
	initTook  time.Duration // final once ready

	terminable atomic.Bool // an extension is registered: SIGTERM comes first
	stopping   atomic.Bool // its end was asked for
	timedOut   atomic.Bool

	mu      sync.Mutex // covers what follows
	current *invocation
	timer   *time.Timer // ends the current invocation

	// These belong to the Bed, and its lock covers them.
	place  place
	served int // invocations so far
}

func newEnvironment(cfg Config, id int, o owner) *environment {
	return &environment{
		id: id, cfg: cfg, owner: o,
		work: make(chan *invocation), launched: make(chan struct{}), ready: make(chan struct{}),
		dead: make(chan struct{}), reaped: make(chan struct{}),
	}
}

// start starts the process and waits for its first poll.
func (e *environment) start(s *spawner) error {
	if err := e.launch(s); err != nil {
		return &FunctionError{Type: "Runtime.InvalidEntrypoint", Message: err.Error()}
	}
	timeout := time.NewTimer(e.cfg.InitTimeout)
	defer timeout.Stop()
	select {
	case <-e.ready:
		return nil
	case <-e.dead:
		return e.exitError()
	case <-timeout.C:
		e.stop()
		return &FunctionError{Type: "Sandbox.Timedout", Message: "the process did not poll within " + e.cfg.InitTimeout.String()}
	}
}

func (e *environment) launch(s *spawner) error {
	defer close(e.launched)
	err := e.open(s)
	if err != nil {
		close(e.dead)
		close(e.reaped)
		return err
	}
	go e.reap()
	return nil
}

// open starts the process, with the Runtime API there before it. What it has
// opened is closed again if that fails.
func (e *environment) open(s *spawner) (err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.server = &http.Server{Handler: e.runtimeAPI()}
	defer func() {
		if err != nil {
			listener.Close()
			err = errors.Join(err, e.ungroup())
		}
	}()
	if err := e.enterGroup(); err != nil {
		return err
	}
	e.cmd = e.command(listener.Addr().String())
	// A spawner that shares the group's limit may come back long after the
	// process has asked for work.
	e.started = time.Now()
	go e.server.Serve(listener)
	return s.start(e.cmd, e.group)
}

func (e *environment) command(runtimeAPI string) *exec.Cmd {
	cmd := exec.Command(e.cfg.Binary, e.cfg.Args...)
	cmd.Dir = e.cfg.TaskRoot
	cmd.Env = e.cfg.environ(runtimeAPI)
	cmd.Stdout, cmd.Stderr = e.cfg.Log, e.cfg.Log
	cmd.SysProcAttr = isolated()
	cmd.WaitDelay = e.cfg.ShutdownGrace // for grandchildren that keep the output open
	return cmd
}

// reap waits for the end of the process. Connections are not cut then: what
// the process sent before it ended still has to be read.
func (e *environment) reap() {
	defer close(e.reaped)
	e.cmd.Wait()
	e.ungroup() // what cannot be removed now is empty, and disturbs nobody
	e.settle()
	e.owner.gone(e)
	close(e.dead)
	e.server.Shutdown(context.Background())
}

// run hands an invocation to the process and waits for its reply.
func (e *environment) run(inv *invocation) (*reply, error) {
	e.begin(inv)
	select {
	case e.work <- inv:
	case <-e.dead:
		return nil, e.exitError()
	}
	select {
	case r := <-inv.replies:
		return r, nil
	case <-e.dead:
	}
	select {
	case r := <-inv.replies: // its last words
		return r, nil
	default:
		return nil, e.exitError()
	}
}

func (e *environment) begin(inv *invocation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	inv.deadline = time.Now().Add(e.cfg.Timeout)
	e.current = inv
	e.timer = time.AfterFunc(e.cfg.Timeout, func() {
		e.timedOut.Store(true)
		e.kill()
	})
	e.signal(syscall.SIGCONT)
}

// settle ends the current invocation. It reports whether there was one.
func (e *environment) settle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil {
		return false
	}
	e.timer.Stop()
	e.current = nil
	return true
}

// exitError says why the process is gone. It must have ended.
func (e *environment) exitError() error {
	if e.timedOut.Load() {
		return &FunctionError{Type: "Sandbox.Timedout", Message: "the process was killed after " + e.cfg.Timeout.String()}
	}
	return &FunctionError{Type: "Runtime.ExitError", Message: "the process ended before it answered: " + e.cmd.ProcessState.String()}
}

// signal does nothing to a process that has ended or never was.
func (e *environment) signal(s syscall.Signal) {
	<-e.launched
	if e.cmd != nil && e.cmd.Process != nil {
		e.cmd.Process.Signal(s)
	}
}

func (e *environment) kill() { e.signal(syscall.SIGKILL) }

// freeze keeps the process from running until the next invocation.
func (e *environment) freeze() {
	if e.cfg.FreezeBetween {
		e.signal(syscall.SIGSTOP)
	}
}

// stop ends the process as Lambda does and waits until nothing is left of it.
func (e *environment) stop() {
	e.stopping.Store(true)
	if e.terminable.Load() {
		e.signal(syscall.SIGCONT)
		e.signal(syscall.SIGTERM)
		select {
		case <-e.dead:
		case <-time.After(e.cfg.ShutdownGrace):
		}
	}
	e.kill()
	<-e.reaped
}
