package overhead

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a program that serves.
type process struct {
	cmd    *exec.Cmd
	log    *os.File
	target Target
	ended  chan struct{}
	// took is the time from its start to the end of its first answer.
	took time.Duration
}

// startUp is how long a program may take to its first answer.
const startUp = 2 * time.Minute

// start runs a program and waits for its first answer. What it prints goes to a
// file in dir, as a service's log would.
func start(ctx context.Context, dir string, p Program) (*process, error) {
	log, err := os.Create(filepath.Join(dir, "output.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(p.Args[0], p.Args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), p.Env...), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s := &process{cmd: cmd, log: log, target: p.Target, ended: make(chan struct{})}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	go func() {
		defer close(s.ended)
		_ = cmd.Wait() // how it ended is in its log
	}()
	if err := s.answers(ctx, began.Add(startUp)); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w; see %s", filepath.Base(p.Args[0]), err, log.Name())
	}
	s.took = time.Since(began)
	return s, nil
}

// answers asks until it has an answer.
func (s *process) answers(ctx context.Context, until time.Time) error {
	request := s.target.request(small, 0)
	for pause := 500 * time.Microsecond; ; pause = min(pause*2, 20*time.Millisecond) {
		err := ask(s.target, request)
		if err == nil {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("no answer in %s: %w", startUp, err)
		}
		if time.Since(until.Add(-startUp)) < 200*time.Millisecond {
			pause = 500 * time.Microsecond // what is quick is to be measured to half a millisecond
		}
		select {
		case <-s.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// ask makes one request on a connection of its own.
func ask(t Target, request []byte) error {
	c, err := dial(t)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.net.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	_, err = c.do(request, nil)
	return err
}

func (s *process) group() group { return group(s.cmd.Process.Pid) }

// stop ends it and all that it has started.
func (s *process) stop() {
	all := -s.cmd.Process.Pid
	_ = syscall.Kill(all, syscall.SIGTERM) // it may have ended by itself
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(all, syscall.SIGKILL)
	<-s.ended
	_ = s.log.Close()
}

// FreeAddr is a loopback address that nobody listens on.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
