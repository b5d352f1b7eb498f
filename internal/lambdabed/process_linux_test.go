package lambdabed_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
)

// ticks counts the datagrams of one process.
type ticks struct{ net.PacketConn }

func newTicks(t *testing.T) ticks {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return ticks{conn}
}

// await returns when n more ticks have come.
func (c ticks) await(t *testing.T, n int) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	for range n {
		if _, _, err := c.ReadFrom(make([]byte, 8)); err != nil {
			t.Fatalf("no tick: %v", err)
		}
	}
}

// drain returns how many ticks have come by now.
func (c ticks) drain() (n int) {
	for {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, _, err := c.ReadFrom(make([]byte, 8)); err != nil {
			return n
		}
		n++
	}
}

// processState is the letter that /proc shows; empty when there is no such process.
func processState(pid string) string {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[0]
}

func TestFrozenBetweenInvocations(t *testing.T) {
	t.Parallel()
	frozen, control := newTicks(t), newTicks(t)
	b := start(t, lambdabed.Config{FreezeBetween: true, Environments: 1})
	running := start(t, lambdabed.Config{Environments: 1})
	pid := getIdle(t, b, "/tick?to="+frozen.LocalAddr().String()).body
	getIdle(t, running, "/tick?to="+control.LocalAddr().String())
	for processState(pid) != "T" {
		runtime.Gosched()
	}
	frozen.drain()
	control.drain()
	control.await(t, 50)
	if got := frozen.drain(); got > 0 {
		t.Errorf("the frozen process ticked %d times while the other ticked 50", got)
	}
	if got := get(t, b, "/pid").body; got != pid {
		t.Errorf("got process %s, want %s back from the frost", got, pid)
	}
	frozen.await(t, 1)
}

func TestNoOrphansWhenTheBedIsKilled(t *testing.T) {
	t.Parallel()
	helper := exec.Command(os.Args[0])
	helper.Env = append(os.Environ(), "BED_ORPHAN_HELPER="+binary)
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := bufio.NewReader(out).ReadString('\n')
	if pid = strings.TrimSpace(pid); err != nil || processState(pid) == "" {
		t.Fatalf("no function is running: %q, %v", pid, err)
	}
	helper.Process.Kill()
	helper.Wait()
	for s := processState(pid); s != "" && s != "Z"; s = processState(pid) {
		runtime.Gosched()
	}
}
