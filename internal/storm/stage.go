package storm

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/simulation"
	"github.com/fallow-dev/fallow/internal/storm/scenarios"
)

// stage is one contestant in a run, and all that is kept of it.
type stage struct {
	contestant Contestant
	scenario   *scenarios.Scenario
	requests   []simulation.Request
	pace       *pace
	provider   *provider // nil when it has its own
	entry      Entry
	client     client
	observer   observer

	mu      sync.Mutex // guards what follows
	samples []sample   // by request
	sent    int
	done    Standing
}

func newStage(ctx context.Context, cfg Config, at *pace, requests []simulation.Request, c Contestant) (*stage, error) {
	s := &stage{
		contestant: c, scenario: cfg.Scenario, requests: requests, pace: at, samples: make([]sample, len(requests)),
		done: Standing{Name: c.Name, Total: len(requests)},
	}
	w := World{Scenario: cfg.Scenario, Seed: cfg.Seed, Compress: cfg.Compress, StoreAway: s.storeAway}
	var err error
	if !c.NoProvider {
		if s.provider, err = newProvider(cfg, at, requests, c); err != nil {
			return nil, err
		}
		w.Provider, w.Keys = s.provider.server.url, s.provider.keys
	}
	if s.entry, err = c.Start(ctx, w); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.client = client{
		http: &http.Client{Transport: newTransport()}, entry: s.entry, model: cfg.Scenario.Model,
		pace: at, random: lottery(cfg.Seed), patience: cfg.Scenario.Patience,
	}
	return s, nil
}

func (s *stage) storeAway() bool {
	now := s.pace.now()
	for _, w := range s.scenario.StoreOutages {
		if w.Holds(now) {
			return true
		}
	}
	return false
}

func (s *stage) close() error {
	var errs []error
	if s.client.http != nil {
		s.client.http.CloseIdleConnections()
	}
	if s.entry.Close != nil {
		errs = append(errs, s.entry.Close())
	}
	if s.provider != nil {
		errs = append(errs, s.provider.server.close())
	}
	return errors.Join(errs...)
}

// perform sends the requests of all stages when they are due, and returns when
// all have ended.
func perform(ctx context.Context, stages []*stage) {
	behind, stop := context.WithCancel(ctx)
	var all, beside sync.WaitGroup
	for _, s := range stages {
		beside.Go(func() { s.observe(behind) })
		if s.provider != nil {
			beside.Go(func() { s.provider.misbehave(behind, s.scenario) })
		}
		all.Go(func() { s.play(ctx) })
	}
	all.Wait()
	stop()
	beside.Wait()
}

// play is an open loop: each request leaves at its moment, whatever became of
// those before it.
func (s *stage) play(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range s.requests {
		if !s.pace.until(ctx, r.At) {
			break
		}
		s.mu.Lock()
		s.sent++
		s.mu.Unlock()
		all.Go(func() { s.note(s.client.do(ctx, r)) })
	}
	all.Wait()
}

func (s *stage) note(x sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples[x.ID] = x
	s.done.Done++
	s.done.Refused += len(x.refused)
	if x.outcome == Abandoned {
		s.done.Abandoned++
	}
}

func (s *stage) progress() Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.done
	now.Sent = s.sent
	return now
}

// bins cut the time of a run into at most so many parts.
const bins = 120

// step is the length of a bin, whole seconds.
func step(s *scenarios.Scenario) time.Duration {
	return max(time.Second, (s.Length+2*time.Minute).Truncate(bins*time.Second)/bins)
}
