package overload_test

import (
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
)

// start is when the tests' clocks begin.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var (
	sonnet = overload.Target{Pool: "claude", Model: "claude-sonnet-5"}
	opus   = overload.Target{Pool: "claude", Model: "claude-opus-5"}
)

// hand is a clock and a random number set by hand.
type hand struct {
	mu     sync.Mutex
	now    time.Time
	random float64
}

func newHand() *hand { return &hand{now: start} }

func (h *hand) config() overload.Config { return overload.Config{Now: h.Now, Rand: h.Rand} }

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) Rand() float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.random
}

func (h *hand) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *hand) draw(random float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.random = random
}

// refusal finds the probability with which a throttle refuses, by asking it
// with chosen random numbers.
func (h *hand) refusal(t *overload.Throttle, target overload.Target) float64 {
	low, high := 0., 1.
	for range 40 {
		h.draw((low + high) / 2)
		if t.Allow(target) {
			high = (low + high) / 2
		} else {
			low = (low + high) / 2
		}
	}
	return high
}

// note records calls of which the first so many were accepted.
func note(t *overload.Throttle, target overload.Target, calls, accepted int) {
	for i := range calls {
		t.Note(target, i < accepted)
	}
}
