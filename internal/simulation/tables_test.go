package simulation

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seeds     = flag.Int("seeds", 0, "print the tables as the mean of so many `runs` of each scenario; 0 prints none")
	scenarios = flag.String("scenario", "", "comma-separated `names` of the scenarios to run; empty runs all but the long ones")
	limiters  = flag.String("limiter", "rotate,local,shared,fallow,oracle,queue", "comma-separated `names` of the limiters to run")
	hours     = flag.Float64("hours", 0, "cut scenarios to so many hours; 0 leaves them as they are")
)

// run runs a scenario in virtual time.
func run(t *testing.T, s Scenario, l Limiter, seed int64) (r Result) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { r = Run(s, l, seed) })
	return r
}

// limiter finds one by its name.
func limiter(t *testing.T, name string) Limiter {
	t.Helper()
	for _, l := range Limiters() {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("no limiter is named %q", name)
	return Limiter{}
}

// scenario finds one by its name.
func scenario(t *testing.T, name string) Scenario {
	t.Helper()
	for _, s := range Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario is named %q", name)
	return Scenario{}
}

// TestTables prints the tables of the documentation:
//
//	go test -count=1 -run TestTables -v -timeout 60m ./internal/simulation -args -seeds 5
//
// Without seeds it makes the tables of one short scenario and prints nothing.
func TestTables(t *testing.T) {
	runs, todo, out := *seeds, chosen(t), io.Writer(os.Stdout)
	if runs == 0 {
		runs, todo, out = 1, []Scenario{scenario(t, "thousand")}, io.Discard
	}
	var report Report
	t.Run("runs", func(t *testing.T) {
		var mu sync.Mutex
		for _, s := range todo {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				for _, name := range strings.Split(*limiters, ",") {
					began := time.Now()
					for seed := range runs {
						r := run(t, s, limiter(t, name), int64(seed)+1)
						mu.Lock()
						report.Add(s.Name, name, r)
						mu.Unlock()
					}
					t.Logf("%s: %.1f s a run", name, time.Since(began).Seconds()/float64(runs))
				}
			})
		}
	})
	fmt.Fprintln(out, report.String()) // not t.Log, whose indentation would make it code
	for _, s := range todo {
		if !strings.Contains(report.String(), "\n| "+s.Name+": "+s.About+" | ") {
			t.Errorf("the tables lack a row for %s", s.Name)
		}
	}
}

// chosen are the scenarios that the flags ask for.
func chosen(t *testing.T) []Scenario {
	t.Helper()
	var all []Scenario
	for _, s := range Scenarios() {
		named := slices.Contains(strings.Split(*scenarios, ","), s.Name)
		if !named && (*scenarios != "" || s.Long) {
			continue
		}
		if *hours > 0 {
			s.Length = min(s.Length, time.Duration(*hours*float64(time.Hour)))
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		t.Fatalf("no scenario is named %q", *scenarios)
	}
	return all
}
