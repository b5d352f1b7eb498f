package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/overhead"
)

// overheadCmd measures everything.
type overheadCmd struct {
	programs
	Time   time.Duration `default:"3s" help:"How long each cell is measured in a round (${default})."`
	Rounds int           `default:"3" help:"How often, in alternating order (${default})."`
	JSON   string        `name:"json" placeholder:"FILE" help:"Write each round there as JSON too."`
	Check  bool          `help:"Exit with 1 if a goal is missed."`
}

// Help is what --help shows above the flags.
func (overheadCmd) Help() string {
	return `All contestants stand in front of the same upstream, which answers at once, and
meet the same workloads in turn: bodies of 2 and 90 KB, answered whole or as
streams. An open loop tells the latency, from the moment that each request was
due, beside that of a twin which goes to the upstream itself; a closed loop of
1, 16 and 64 connections tells throughput, processor time and memory.

  bench overhead                                 all of it, some 25 minutes
  bench overhead --time 1s --rounds 1            a look at it, 3 minutes
  bench overhead --only direct,go-proxy,fallow

Nothing else should run: the load averages before and after are in the report.`
}

// Run measures and prints the report.
func (c *overheadCmd) Run(t *terminal) error {
	result, err := c.measure(t, overhead.Full(c.Time, c.Rounds))
	if result == nil {
		return err
	}
	if err := errors.Join(err, result.WriteText(t.stdout), c.keep(result)); err != nil {
		return err
	}
	return c.judge(result)
}

// keep writes the rounds where they are wanted.
func (c *overheadCmd) keep(r *overhead.Result) error {
	if c.JSON == "" {
		return nil
	}
	f, err := os.Create(c.JSON)
	if err != nil {
		return err
	}
	return errors.Join(r.WriteJSON(f), f.Close())
}

// judge makes a missed goal an error where that is wanted.
func (c *overheadCmd) judge(r *overhead.Result) error {
	if !c.Check {
		return nil
	}
	var missed []string
	for _, g := range r.Goals() {
		if g.Known && !g.Met() {
			missed = append(missed, g.What)
		}
	}
	if missed != nil {
		return fmt.Errorf("missed: %s", strings.Join(missed, "; "))
	}
	return nil
}

// quickCmd measures the ratios that have a history.
type quickCmd struct {
	programs
	Time   time.Duration `default:"1s" help:"How long each cell is measured in a round (${default})."`
	Rounds int           `default:"3" help:"How often, in alternating order (${default})."`
}

// Help is what --help shows above the flags.
func (quickCmd) Help() string {
	return `Fallow beside the bare reverse proxy, three short rounds. The last line is for
docs/benchmarks/history.md, where those of before stand: compare it with them.`
}

// Run measures and prints the report.
func (c *quickCmd) Run(t *terminal) error {
	if len(c.Only) == 0 {
		c.Only = []string{overhead.Reference, overhead.BareProxy, overhead.Own}
	}
	result, err := c.measure(t, overhead.Quick(c.Time, c.Rounds))
	if err != nil {
		return err
	}
	if err := result.WriteText(t.stdout); err != nil {
		return err
	}
	version := ""
	for _, r := range result.Reports {
		if r.Name == overhead.Own {
			version = r.Version
		}
	}
	_, err = fmt.Fprintf(t.stdout, "\n%s\n%s\n", overhead.HistoryHead(), result.History(version))
	return err
}

// measure runs a plan with the programs that are there.
func (p *programs) measure(t *terminal, plan overhead.Plan) (*overhead.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	contestants, missing, err := p.contestants(self)
	if err != nil {
		return nil, err
	}
	for _, line := range missing {
		fmt.Fprintln(t.stderr, line)
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	result, err := overhead.Run(t.ctx, overhead.Config{
		Plan: plan, Contestants: contestants, Self: self, Dir: dir,
		Progress: progress(t.stderr),
	})
	if err != nil {
		return nil, fmt.Errorf("%w; what the contestants printed is in %s", err, dir)
	}
	result.Command = "bench " + strings.Join(os.Args[1:], " ")
	return result, removeUnlessTroubled(dir, result)
}

// progress is a line that is written over, where somebody watches.
func progress(w io.Writer) func(string) {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(what string) { fmt.Fprintf(w, "\r\x1b[K%s\r", what) } // the next one covers it
}

// removeUnlessTroubled leaves the logs of those that failed.
func removeUnlessTroubled(dir string, r *overhead.Result) error {
	for i, c := range r.Reports {
		if c.Problem != "" {
			r.Reports[i].Problem += "; see " + filepath.Join(dir, c.Name)
			return nil
		}
	}
	return os.RemoveAll(dir)
}
