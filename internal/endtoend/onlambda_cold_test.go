//go:build e2e && bench

package endtoend

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/lambdabed"
	"github.com/fallow-dev/fallow/internal/lambdabed/cgroup"
)

// printStarts prints the phases of a start up to the first poll. Files that the
// program opens anyway are named pipes here, which tell when it opens them: so it
// is the deployed program that is measured, without marks of its own.
func (r *rig) printStarts(t *testing.T, groups *cgroup.Hierarchy) {
	t.Helper()
	fmt.Printf("| processor, at the start | exec, Go runtime and packages | config | AWS settings, clients, gateway | certificates | to the first poll: p50 / p95 |\n|---|---|---|---|---|---|\n")
	for _, boosted := range []bool{true, false} {
		for _, memory := range memorySizes {
			init, name := lambdabed.ShareOf(memory), sizeName(memory)+", all the time"
			if boosted {
				init, name = 1, "one, whatever the memory"
			}
			p := r.phases(t, lambdabed.CPU{Groups: groups, Init: init})
			fmt.Printf("| %s | %s | %s | %s | %s | %s |\n", name,
				spread(p.packages, 50), spread(p.config, 50), spread(p.clients, 50), spread(p.trust, 50), spread(p.all, 50, 95))
			if boosted {
				break // the same for every size
			}
		}
	}
	fmt.Println()
}

// phases of several starts.
type phases struct{ packages, config, clients, trust, all []time.Duration }

func (r *rig) phases(t *testing.T, cpu lambdabed.CPU) (p phases) {
	t.Helper()
	document, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := os.ReadFile(systemRoots)
	if err != nil {
		t.Fatal(err)
	}
	for range *starts {
		opened, settings, trust := newPipe(t, document), newPipe(t, nil), newPipe(t, roots)
		began, polled, err := lambdabed.ColdStart(t.Context(), lambdabed.Config{
			Binary: functionBinary(t, "gateway"), CPU: cpu, Log: r.logs,
			Env: append(r.env(), "FALLOW_CONFIG="+opened.path, "FALLOW_TABLE="+r.table, "AWS_SHARED_CREDENTIALS_FILE="+settings.path,
				"SSL_CERT_FILE="+trust.path, "SSL_CERT_DIR="+t.TempDir()),
		})
		if err != nil {
			t.Fatal(err)
		}
		first, second, third := <-opened.at, <-settings.at, <-trust.at
		p.packages = append(p.packages, first.Sub(began))
		p.config = append(p.config, second.Sub(first))
		p.clients = append(p.clients, third.Sub(second))
		p.trust = append(p.trust, polled.Sub(third))
		p.all = append(p.all, polled.Sub(began))
	}
	return p
}

// pipe is a file that tells when it is opened, once.
type pipe struct {
	path string
	at   chan time.Time
}

func newPipe(t *testing.T, content []byte) pipe {
	t.Helper()
	p := pipe{filepath.Join(t.TempDir(), "pipe"), make(chan time.Time, 1)}
	if err := syscall.Mkfifo(p.path, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		file, err := os.OpenFile(p.path, os.O_WRONLY, 0) // returns when a reader has come
		p.at <- time.Now()
		if err == nil {
			_, _ = file.Write(content)
			_ = file.Close()
		}
	}()
	t.Cleanup(func() { // lets the writer go if nobody came
		if file, err := os.OpenFile(p.path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = file.Close()
		}
	})
	return p
}

// printPackages prints which packages' initialisation takes the time of the first
// phase, as the Go runtime accounts for it.
func (r *rig) printPackages(t *testing.T) {
	t.Helper()
	total, each := map[string]time.Duration{}, time.Duration(0)
	for range *starts {
		var log lockedBuffer
		_, _, err := lambdabed.ColdStart(t.Context(), lambdabed.Config{
			Binary: functionBinary(t, "gateway"), Log: &log,
			Env: append(r.env(), "FALLOW_CONFIG="+r.config, "FALLOW_TABLE="+r.table, "GODEBUG=inittrace=1"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, took := range inits(log.String()) {
			total[name] += took
			each += took
		}
	}
	names := make([]string, 0, len(total))
	for name := range total {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(total[b] - total[a]) })
	mean := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(*starts) }
	fmt.Printf("| package initialisation, no limit | ms |\n|---|---|\n| all %d packages | %.2f |\n", len(names), mean(each))
	for _, name := range names[:min(8, len(names))] {
		fmt.Printf("| %s | %.2f |\n", name, mean(total[name]))
	}
	fmt.Println()
}

// inits reads lines such as "init internal/config @40 ms, 0.34 ms clock, 1 bytes, 2 allocs".
func inits(trace string) map[string]time.Duration {
	took := map[string]time.Duration{}
	for line := range strings.Lines(trace) {
		f := strings.Fields(line)
		if len(f) < 6 || f[0] != "init" {
			continue
		}
		if ms, err := strconv.ParseFloat(f[4], 64); err == nil {
			took[f[1]] += time.Duration(ms * float64(time.Millisecond))
		}
	}
	return took
}
