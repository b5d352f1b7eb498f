package fault

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Set holds the faults in force. The zero Set is empty and ready; it is safe
// for concurrent use.
type Set struct {
	mu     sync.Mutex
	next   int
	active []*active
}

type active struct {
	Fault
	started time.Time // zero until the window has begun
	hits    int
}

// Inject adds a fault and returns its id. The error is that of Validate.
func (s *Set) Inject(f Fault, now time.Time) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	f.ID = fmt.Sprintf("fault-%d", s.next)
	a := &active{Fault: f}
	if !f.FromFirstHit {
		a.started = now
	}
	s.active = append(s.active, a)
	return f.ID, nil
}

// Clear ends the fault of that id, or all if id is empty. It reports whether
// there was any.
func (s *Set) Clear(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.active)
	s.active = slices.DeleteFunc(s.active, func(a *active) bool { return id == "" || a.ID == id })
	return len(s.active) < before
}

// Strike returns the fault that strikes a request, the oldest if there are
// several. chance draws from [0, 1) and is asked only by faults that have a
// Probability. Shrink never strikes; see Factor.
func (s *Set) Strike(t Target, now time.Time, chance func() float64) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	for _, a := range s.active {
		if a.Effect == Shrink || !a.matches(t) || a.Probability > 0 && chance() >= a.Probability {
			continue
		}
		a.hits++
		if a.started.IsZero() {
			a.started = now
		}
		return a.Fault, true
	}
	return Fault{}, false
}

// Factor is what the limits are multiplied by for this request: the product
// over all matching faults, whose counts and chances are ignored.
func (s *Set) Factor(t Target, now time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	factor := 1.0
	for _, a := range s.active {
		if a.Effect == Shrink && a.matches(t) {
			factor *= a.Factor
			if a.started.IsZero() {
				a.started = now
			}
		}
	}
	return factor
}

// List returns the faults in force, oldest first.
func (s *Set) List(now time.Time) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	out := make([]Fault, 0, len(s.active))
	for _, a := range s.active {
		out = append(out, a.Fault)
	}
	return out
}

func (s *Set) expire(now time.Time) {
	s.active = slices.DeleteFunc(s.active, func(a *active) bool {
		over := a.For > 0 && !a.started.IsZero() && !now.Before(a.started.Add(a.For))
		return over || a.Count > 0 && a.hits >= a.Count
	})
}
