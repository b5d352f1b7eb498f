package simulation

import (
	"context"
	"errors"
	"sync"
	"time"
)

// leastCooldown is how long a refused key is left alone at least.
const leastCooldown = 5 * time.Second

// local leaves a refused key alone, but each instance learns that for itself.
// It takes overload for a fault of the key, and waits for nothing.
type local struct {
	in    instance
	until []time.Time // by key
}

func newLocal(f fleet) func(instance) server {
	return func(in instance) server { return &local{in, make([]time.Time, len(f.Keys))} }
}

func (l *local) serve(_ context.Context, c *Call) error {
	failure := ErrLimited
	for range retries {
		now := l.in.now()
		key, ok := pickOf(len(l.until), l.in.random, func(k int) bool { return !now.Before(l.until[k]) })
		if !ok {
			return ErrLimited
		}
		a := c.Send(key)
		if failure = finish(c, a); failure == nil {
			return nil
		}
		l.until[key] = l.in.now().Add(max(a.Fault.RetryAfter, leastCooldown))
	}
	return failure
}

// sharing leaves a refused key alone in all instances, and waits for the first
// that is over.
type sharing struct {
	in     instance
	budget time.Duration
	*cooldowns
}

// cooldowns is the fleet's knowledge.
type cooldowns struct {
	mu    sync.Mutex
	until []time.Time // by key
}

func newSharing(f fleet) func(instance) server {
	all := &cooldowns{until: make([]time.Time, len(f.Keys))}
	return func(in instance) server { return &sharing{in, f.Budget, all} }
}

func (s *sharing) serve(ctx context.Context, c *Call) error {
	for troubles := 0; ; {
		key, free := s.look()
		if free > s.budget-time.Since(c.Arrived) {
			return ErrLimited
		}
		if free > 0 {
			pause(ctx, free)
			continue
		}
		a := c.Send(key)
		switch err := finish(c, a); {
		case err == nil:
			return nil
		case errors.Is(err, ErrLimited):
			s.cool(key, max(a.Fault.RetryAfter, time.Second))
		default:
			if troubles++; troubles == retries {
				return err
			}
		}
	}
}

// trip is the way to what the instances share and back. It varies, or those
// who wait for the same key would go on in lockstep.
func (s *sharing) trip() {
	time.Sleep(3*time.Millisecond + time.Duration(s.in.random()*float64(3*time.Millisecond)))
}

// look picks a key that is free, or returns how long until the first is.
func (s *sharing) look() (key int, free time.Duration) {
	s.trip()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.in.now()
	key, ok := pickOf(len(s.until), s.in.random, func(k int) bool { return !now.Before(s.until[k]) })
	if ok {
		return key, 0
	}
	free = s.until[0].Sub(now)
	for _, u := range s.until {
		free = min(free, u.Sub(now))
	}
	return 0, free
}

func (s *sharing) cool(key int, d time.Duration) {
	until := s.in.now().Add(d)
	s.trip()
	s.mu.Lock()
	defer s.mu.Unlock()
	if until.After(s.until[key]) {
		s.until[key] = until
	}
}
