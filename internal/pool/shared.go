package pool

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

const (
	// callBudget bounds one call of the store, for tables that have no bound of
	// their own. It leaves store/dynamo the time for its repetitions.
	callBudget = 500 * time.Millisecond
	// A store that failed twice in a row is left alone for breakerPause; then
	// one call finds out. So an outage costs each instance two time-outs, and
	// then one every few seconds, and not one a request.
	breakerFailures = 2
	breakerPause    = 5 * time.Second
)

// errStoreDown says that the store was not asked because the breaker is open.
var errStoreDown = errors.New("store left alone after failures")

// shared is the store with a time bound and a breaker.
type shared struct {
	pool    string
	table   store.Table
	now     func() time.Time
	observe func(context.Context, telemetry.Event)
	log     *slog.Logger

	mu       sync.Mutex // guards what follows
	failures int
	retryAt  time.Time
}

// query returns the records of a partition.
func (s *shared) query(ctx context.Context, partition string) ([]store.Item, error) {
	if !s.admit() {
		return nil, errStoreDown
	}
	bounded, cancel := context.WithTimeout(ctx, callBudget)
	defer cancel()
	items, err := s.table.Query(bounded, partition)
	s.note(ctx, "query", err)
	return items, err
}

// update writes. An error means that the outcome is unknown.
func (s *shared) update(ctx context.Context, key store.Key, c store.Change) (store.Item, bool, error) {
	if !s.admit() {
		return store.Item{}, false, errStoreDown
	}
	bounded, cancel := context.WithTimeout(ctx, callBudget)
	defer cancel()
	res, err := s.table.Update(bounded, key, c)
	s.note(ctx, "update", err)
	return res.Item, res.Applied, err
}

// admit reports whether the store may be asked now.
func (s *shared) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures < breakerFailures {
		return true
	}
	// A pause that is longer than a pause comes from a clock set back.
	if left := s.retryAt.Sub(s.now()); left > 0 && left <= breakerPause {
		return false
	}
	s.retryAt = s.now().Add(breakerPause)
	return true
}

// note counts a result. A request that ended says nothing of the store, nor
// does a record that no store would take.
func (s *shared) note(ctx context.Context, operation string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && s.failures >= breakerFailures:
		s.failures = 0
		s.observe(ctx, telemetry.StoreTrouble{Pool: s.pool, Recovered: true})
	case err == nil:
		s.failures = 0
	case ctx.Err() != nil:
	case errors.Is(err, store.ErrInvalid):
		s.log.Error("record not written", "error", err)
	default:
		s.failures++
		s.retryAt = s.now().Add(breakerPause)
		s.observe(ctx, telemetry.StoreTrouble{Pool: s.pool, Operation: operation, Cause: err.Error()})
	}
}
