package overhead

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// Config says what is run.
type Config struct {
	Plan Plan
	// Contestants in the order of their columns.
	Contestants []Contestant
	// Self is a program that runs the upstream: "self upstream --listen ADDR".
	Self string
	// Dir is where contestants have their directories. They are left there.
	Dir string
	// Progress is told what is going on; nil if nobody wants to know.
	Progress func(string)
	// Before is called when all contestants serve and nothing is measured yet;
	// nil if nobody wants that.
	Before func()
}

// runner is a run under way.
type runner struct {
	Config
	upstream *process
	running  map[string]*process
	result   *Result
}

// Run measures all contestants. One that cannot be started or fails has its
// problem in its report, and the others go on. When ctx ends, it returns what
// there is, with the error.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	cfg.Plan.Rounds = max(1, cfg.Plan.Rounds)
	r := &runner{Config: cfg, running: map[string]*process{}, result: &Result{
		Began: time.Now(), LoadBefore: loadAverage(), Rounds: cfg.Plan.Rounds, Cells: cfg.Plan.Cells,
		Machine: Machine{runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version()},
	}}
	for _, c := range cfg.Contestants {
		r.result.Reports = append(r.result.Reports, Report{Name: c.Name, Version: c.Version, Samples: map[string][]Sample{}})
	}
	defer r.stop()
	if err := r.start(ctx); err != nil {
		return r.result, err
	}
	err := r.measure(ctx)
	r.result.LoadAfter = loadAverage()
	return r.result, err
}

// start starts the upstream and then each contestant, as often as planned.
func (r *runner) start(ctx context.Context) error {
	place, err := r.place("upstream")
	if err != nil {
		return err
	}
	r.upstream, err = start(ctx, place.Dir, Program{
		Args: []string{r.Self, "upstream", "--listen", place.Addr}, Target: Target{Addr: place.Addr},
	})
	if err != nil {
		return err
	}
	for i, c := range r.Contestants {
		if c.Program == nil {
			continue
		}
		if err := r.startOne(ctx, c, &r.result.Reports[i]); err != nil {
			r.result.Reports[i].Problem = err.Error()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// quickStart is the longest start that is worth to be repeated.
const quickStart = 2 * time.Second

// startOne leaves the last of its processes running.
func (r *runner) startOne(ctx context.Context, c Contestant, report *Report) error {
	for {
		r.Progress("start of " + c.Name)
		place, err := r.place(c.Name)
		if err != nil {
			return err
		}
		program, err := c.Program(place)
		if err != nil {
			return err
		}
		p, err := start(ctx, place.Dir, program)
		if err != nil {
			return err
		}
		report.Starts = append(report.Starts, micros(p.took)/1000)
		if len(report.Starts) >= r.Plan.Starts || p.took > quickStart {
			r.running[c.Name] = p
			now, err := p.group().use()
			report.Idle = megabytes(now.rss)
			return err
		}
		p.stop()
	}
}

// place makes a directory and finds an address.
func (r *runner) place(name string) (Place, error) {
	addr, err := FreeAddr()
	if err != nil {
		return Place{}, err
	}
	p := Place{Addr: addr, Dir: filepath.Join(r.Dir, name)}
	if r.upstream != nil {
		p.Upstream = "http://" + r.upstream.target.Addr
	}
	return p, os.MkdirAll(p.Dir, 0o755)
}

// measure goes through the cells, and through the contestants in each round of
// each: back and forth, so that none is always the one after another. Closed
// loops come first: they tell which rates a contestant can be asked for.
func (r *runner) measure(ctx context.Context) error {
	if r.Before != nil {
		r.Before()
	}
	cells := slices.Clone(r.Plan.Cells)
	slices.SortStableFunc(cells, func(a, b Cell) int { return boolToInt(a.Rate > 0) - boolToInt(b.Rate > 0) })
	for _, cell := range cells {
		for round := range r.Plan.Rounds {
			for i := range r.Contestants {
				if round%2 == 1 {
					i = len(r.Contestants) - 1 - i
				}
				if err := r.one(ctx, cell, round, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// one is a round of a cell for a contestant.
func (r *runner) one(ctx context.Context, cell Cell, round, i int) error {
	report := &r.result.Reports[i]
	s, ok := r.stand(report.Name)
	if !ok || !report.keepsUp(cell) {
		return nil
	}
	r.Progress(fmt.Sprintf("%s, round %d of %d, %s", cell.Name(), round+1, r.Plan.Rounds, report.Name))
	sample, problem, err := s.measure(ctx, cell, uint64(round))
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	if problem != nil && report.Problem == "" {
		report.Problem = cell.Name() + ": " + problem.Error()
	}
	report.Samples[cell.Name()] = append(report.Samples[cell.Name()], sample)
	return nil
}

// stand is where a contestant is to be met; ok is false if it does not run.
func (r *runner) stand(name string) (s stand, ok bool) {
	direct := Target{Addr: r.upstream.target.Addr}
	if name == Reference {
		return stand{target: direct, direct: direct}, true
	}
	p, ok := r.running[name]
	if !ok {
		return stand{}, false
	}
	return stand{p.target, direct, p.group()}, true
}

// keepsUp reports whether an open loop's rate is well within what the
// contestant carries. Beyond that its latency is a matter of how long one asks.
func (r *Report) keepsUp(c Cell) bool {
	if c.Rate == 0 {
		return true
	}
	s, known := r.Of(Cell{Workload: c.Workload, Connections: 64}.Name())
	return !known || c.Rate <= 0.8*s.PerSecond
}

func (r *runner) stop() {
	for _, p := range r.running {
		p.stop()
	}
	if r.upstream != nil {
		r.upstream.stop()
	}
}
