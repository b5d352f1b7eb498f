package dynamotest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Stop kills the server: connections break, new ones are refused. Without
// StartDurable the data is lost, tables included.
func (s *Server) Stop() {
	s.tb.Helper()
	if s.cmd == nil {
		s.tb.Fatal("Stop of a server that does not run here")
	}
	s.kill()
}

// Restart starts a stopped server on the same port.
func (s *Server) Restart() {
	s.tb.Helper()
	if s.cmd != nil {
		s.tb.Fatal("Restart of a server that runs: call Stop first")
	}
	host, port, _ := net.SplitHostPort(s.addr)
	args := []string{"serve", "--host", host, "--port", port, "--log", "quiet"}
	if s.data != "" {
		args = append(args, "--db-path", s.data)
	}
	s.cmd = exec.Command(s.binary, args...)
	s.cmd.SysProcAttr = dieWithParent()
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("start the DynamoDB emulator: %v", err)
	}
	if err := s.waitReady(); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *Server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // an error means that it has ended already
	_ = s.cmd.Wait()         // reports the kill
	s.cmd = nil
}

// waitReady polls, as the server has no other sign that works for every port.
func (s *Server) waitReady() error {
	deadline := time.Now().Add(readyTimeout)
	for time.Now().Before(deadline) {
		conn, err := net.DialTimeout("tcp", s.addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		<-time.After(2 * time.Millisecond)
	}
	return fmt.Errorf("the DynamoDB emulator does not listen on %s after %v", s.addr, readyTimeout)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// installed finds the emulator below the root of the repository, which is the
// nearest directory upwards with a go.mod.
func installed() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod in this directory or above")
		}
	}
	binary := filepath.Join(dir, ".tools", "dynoxide", "bin", "dynoxide")
	if _, err := os.Stat(binary); err != nil {
		return "", errors.New("the DynamoDB emulator is not installed; run: make tools")
	}
	return binary, nil
}
