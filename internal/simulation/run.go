package simulation

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run puts a limiter through a scenario and returns when every request has its
// answer. It takes as long as the scenario, so call it where time is virtual.
func Run(s Scenario, l Limiter, seed int64) Result {
	ctx, cancel := context.WithCancel(context.Background())
	p, t := newProvider(s, seed), newTable(s, seed)
	shop := newShop(s, seed, l.fleet(fleet{Scenario: s, table: t, provider: p}))
	requests := s.Traffic(seed, s.Length)
	samples := make([]sample, len(requests))

	var all, others sync.WaitGroup
	if s.Foreign > 0 {
		others.Go(func() { p.foreign(ctx) })
	}
	for i, r := range requests {
		time.Sleep(time.Until(p.began.Add(r.At)))
		all.Go(func() { samples[i] = shop.serve(ctx, &Call{Request: r, Arrived: time.Now(), provider: p}) })
	}
	all.Wait()
	cancel()
	others.Wait()
	return newResult(s, samples, t, p)
}

// shop is the fleet of instances. Each serves one request at a time, as on
// Lambda; of those that are idle the one used last is next, and a new one is
// made when there is none.
type shop struct {
	scenario Scenario
	seed     int64
	make     func(instance) server

	mu   sync.Mutex // guards what follows
	idle []server
	made int
}

func newShop(s Scenario, seed int64, make func(instance) server) *shop {
	return &shop{scenario: s, seed: seed, make: make}
}

func (s *shop) serve(ctx context.Context, c *Call) sample {
	server := s.hire()
	err := server.serve(ctx, c)
	s.release(server)
	return sample{
		limited: errors.Is(err, ErrLimited), overloaded: errors.Is(err, ErrOverloaded),
		batch: c.Batch, refused: c.refused, sends: c.sends,
		waited: c.sent.Sub(c.Arrived), ended: time.Since(c.provider.began),
		input: c.Input, uncached: uncached(c.last.usage),
	}
}

func (s *shop) hire() server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		server := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return server
	}
	s.made++
	return s.make(s.instance(s.made))
}

func (s *shop) release(server server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, server)
}

func (s *shop) instance(number int) instance {
	r := source(s.seed+int64(number)<<32, "instance")
	skew := time.Duration(r.NormFloat64() * float64(s.scenario.Skew))
	return instance{
		number: number,
		now:    func() time.Time { return time.Now().Add(skew) },
		random: shared(r),
	}
}
