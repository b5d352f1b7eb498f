package storm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/simulation"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// Config says what is run.
type Config struct {
	// Scenario is what happens. Required.
	Scenario *scenarios.Scenario
	// Contestants are run beside each other, on the same requests; at least one,
	// with unique names.
	Contestants []Contestant
	// Serial runs one after the other, for scenarios in which they would take
	// the machine from each other.
	Serial bool
	// Seed decides all that is left to chance.
	Seed int64
	// Compress is how many times as fast as the clock the scenario runs; 0 means 1.
	// See Result.Warning for what is lost above 1.
	Compress float64
	// Progress is told twice a second how far the run is; nil tells nobody.
	Progress func(Progress)
}

// maxCompress is where the simulated provider's own steps of 10 ms begin to show.
const maxCompress = 100

func (c Config) filled() (Config, error) {
	c.Compress = cmp.Or(c.Compress, 1)
	if c.Compress < 1 || c.Compress > maxCompress {
		return c, fmt.Errorf("compression by %v: want 1 to %d", c.Compress, maxCompress)
	}
	if c.Compress > 1 && slices.ContainsFunc(c.Scenario.Traffic, func(t scenarios.Traffic) bool { return t.Batch }) {
		return c, errors.New("a scenario with a batch cannot be compressed: a batch waits for room beyond the compressed buckets' size, and would never start")
	}
	if len(c.Contestants) == 0 {
		return c, errors.New("nobody takes part in the storm")
	}
	names := map[string]bool{}
	for _, x := range c.Contestants {
		if x.Name == "" || names[x.Name] {
			return c, fmt.Errorf("contestant %q has no name, or another one's", x.Name)
		}
		names[x.Name] = true
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return c, nil
}

// Run puts all contestants through the scenario. When ctx ends, it returns
// early with what there is, and Result.Interrupted set; an error means that
// somebody could not be started.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	requests := cfg.Scenario.Requests(cfg.Seed)
	result := newResult(cfg, len(requests))
	result.Ideal = reportIdeal(cfg.Scenario, newIdeal(cfg.Scenario).send(requests), step(cfg.Scenario))
	rounds := [][]Contestant{cfg.Contestants}
	if cfg.Serial {
		rounds = nil
		for _, c := range cfg.Contestants {
			rounds = append(rounds, []Contestant{c})
		}
	}
	for _, together := range rounds {
		if ctx.Err() != nil {
			break
		}
		if err := race(ctx, cfg, requests, together, result); err != nil {
			return nil, err
		}
	}
	result.Interrupted = ctx.Err() != nil
	result.judge()
	return result, nil
}

// race runs some contestants beside each other.
func race(ctx context.Context, cfg Config, requests []simulation.Request, together []Contestant, result *Result) (err error) {
	at := newPace(cfg.Compress)
	var stages []*stage
	defer func() {
		for _, s := range stages {
			err = errors.Join(err, s.close())
		}
	}()
	for _, c := range together {
		s, err := newStage(ctx, cfg, at, requests, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		stages = append(stages, s)
	}
	at.begin()
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch(cfg, at, stages, ended)
	}()
	perform(ctx, stages)
	close(ended)
	<-watched
	for _, s := range stages {
		result.Contestants = append(result.Contestants, s.report())
	}
	return nil
}

// watch tells of the progress until the race has ended.
func watch(cfg Config, at *pace, stages []*stage, ended <-chan struct{}) {
	ticks := time.NewTicker(500 * time.Millisecond)
	defer ticks.Stop()
	for {
		p := Progress{Now: at.now(), Length: cfg.Scenario.Length}
		for _, s := range stages {
			p.Contestants = append(p.Contestants, s.progress())
		}
		cfg.Progress(p)
		select {
		case <-ticks.C:
		case <-ended:
			return
		}
	}
}
