package storm

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// emulator is a DynamoDB-compatible server of this run.
type emulator struct {
	url string
	cmd *exec.Cmd
}

// startTimeout bounds the start, which takes some 10 ms on an idle machine.
const startTimeout = 10 * time.Second

func startEmulator(ctx context.Context, program string) (*emulator, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(addr)
	e := &emulator{url: "http://" + addr, cmd: exec.Command(program, "serve", "--host", host, "--port", port, "--log", "quiet")}
	if err := e.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the DynamoDB emulator: %w; install it with `make tools`, or name a server with --dynamodb", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return e, conn.Close()
		}
		if !sleep(ctx, 5*time.Millisecond) {
			_ = e.close()
			return nil, fmt.Errorf("the DynamoDB emulator does not listen on %s: %w", addr, err)
		}
	}
}

// close ends the process; its data was in memory.
func (e *emulator) close() error {
	_ = e.cmd.Process.Kill() // an error means that it has ended already
	_ = e.cmd.Wait()         // reports the kill
	return nil
}
