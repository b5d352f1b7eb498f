package ratios

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/store"
)

// publishEvery is how often an instance votes. Forty instances that vote once a
// minute would cost as much as a fifth of their bookings.
const publishEvery = 10 * time.Minute

// ShareConfig is what a Share is made of.
type ShareConfig struct {
	// Ratios are this instance's. Required.
	Ratios *estimate.Ratios
	// Table is the shared state, and Pool whose partition of it. Required.
	Table store.Table
	Pool  string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand returns numbers in [0,1); nil means math/rand.
	Rand func() float64
}

// Share keeps one instance's ratios and those of a pool together. It is safe
// for concurrent use.
type Share struct {
	cfg ShareConfig

	mu     sync.Mutex // guards what follows
	due    time.Time
	before map[string]estimate.Family // as last published
}

// NewShare makes a share. It does no I/O. Instances that begin together do not
// vote together.
func NewShare(cfg ShareConfig) *Share {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	return &Share{cfg: cfg, due: cfg.Now().Add(time.Duration(cfg.Rand() * float64(publishEvery)))}
}

// Take takes in the shared ratios among the records of the pool's partition.
func (s *Share) Take(items []store.Item) { s.cfg.Ratios.Merge(Of(items)) }

// Publish votes if it is time to. Never call it while a client waits. What
// cannot be written now is said the next time.
func (s *Share) Publish(ctx context.Context) {
	s.mu.Lock()
	now := s.cfg.Now()
	late := now.Sub(s.due)
	if late < 0 && late >= -publishEvery { // before that the clock was set back
		s.mu.Unlock()
		return
	}
	before, current := s.before, s.cfg.Ratios.Snapshot()
	s.due, s.before = now.Add(publishEvery), current
	s.mu.Unlock()
	_ = Publish(ctx, s.cfg.Table, s.cfg.Pool, now, before, current)
}
