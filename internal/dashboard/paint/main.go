// Command paint runs a short storm against the gateway and draws the dashboard
// as it would look afterwards, by `make dashboard-picture`. It takes three
// minutes, in real time: the gateway, its waits and the simulated provider's
// buckets run as they do in production, only the points are finer.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/dashboard"
	"github.com/fallow-dev/fallow/internal/dashboard/picture"
)

// step is the width of a point.
const step = 3 * time.Second

func main() {
	out := flag.String("out", "docs/dashboard/storm.svg", "where the picture goes")
	lines := flag.String("lines", "", "where the log lines go, if anywhere")
	length := flag.Duration("length", 3*time.Minute, "how long the storm lasts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *lines, *length); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, lines string, length time.Duration) error {
	log := &buffer{}
	sent, err := storm(ctx, log, length)
	if err != nil {
		return err
	}
	text := log.Bytes()
	if lines != "" {
		if err := os.WriteFile(lines, text, 0o644); err != nil {
			return err
		}
	}
	data, err := picture.Read(text, time.Now(), step)
	if err != nil {
		return err
	}
	return os.WriteFile(out, []byte(data.Draw(dashboard.CloudWatch(), caption(sent, length))), 0o644)
}

func caption(sent int, length time.Duration) string {
	return fmt.Sprintf("Not a screenshot: drawn by `make dashboard-picture` from the log lines of %d requests in %s, with points of %s in the place of minutes, and the rebalancer as often.\n"+
		"The gateway ran in one process against a simulated provider: 4 keys of 3 organisations; a peak beyond their limits at a third, one key stuck for 20 s at three fifths, 529s for 15 s at four fifths.", sent, length, step)
}

// buffer collects lines.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}
