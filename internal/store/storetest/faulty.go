package storetest

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
)

// ErrInjected is every error that a Faulty makes up.
var ErrInjected = errors.New("injected fault of the store")

// Faulty is a table with switches for what a real one does on a bad day. All
// switches are off at first, take effect for the calls that begin after them,
// and may be used from any goroutine. Several may be on at once.
type Faulty struct {
	table       store.Table
	down        atomic.Bool
	loseReplies atomic.Bool
	delay       atomic.Int64
	queries     atomic.Int64
	gets        atomic.Int64
	updates     atomic.Int64

	mu     sync.Mutex
	frozen map[string][]store.Item // by partition; nil while reads are fresh
}

var _ store.Table = (*Faulty)(nil)

// NewFaulty wraps a table.
func NewFaulty(table store.Table) *Faulty { return &Faulty{table: table} }

// Down makes every call fail with ErrInjected, without reaching the table.
func (f *Faulty) Down(on bool) { f.down.Store(on) }

// LoseReplies lets every Update reach the table and then fails it with
// ErrInjected: the writer cannot know that it was applied.
func (f *Faulty) LoseReplies(on bool) { f.loseReplies.Store(on) }

// Delay makes every call wait so long before it reaches the table; a call
// whose context ends meanwhile never does. Zero switches it off.
func (f *Faulty) Delay(d time.Duration) { f.delay.Store(int64(d)) }

// StaleReads makes Query answer for each partition what it answered first
// after the switch, whatever has been written since. Get and Update stay
// fresh, as they are in every store.
func (f *Faulty) StaleReads(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen = nil
	if on {
		f.frozen = make(map[string][]store.Item)
	}
}

// Calls returns how many calls of each kind began, failed ones included.
func (f *Faulty) Calls() (queries, gets, updates int64) {
	return f.queries.Load(), f.gets.Load(), f.updates.Load()
}

// Query implements store.Table.
func (f *Faulty) Query(ctx context.Context, partition string) ([]store.Item, error) {
	f.queries.Add(1)
	if err := f.before(ctx); err != nil {
		return nil, err
	}
	items, err := f.table.Query(ctx, partition)
	if err != nil {
		return nil, err
	}
	return f.maybeStale(partition, items), nil
}

// Get implements store.Table.
func (f *Faulty) Get(ctx context.Context, key store.Key) (store.Item, bool, error) {
	f.gets.Add(1)
	if err := f.before(ctx); err != nil {
		return store.Item{}, false, err
	}
	return f.table.Get(ctx, key)
}

// Update implements store.Table.
func (f *Faulty) Update(ctx context.Context, key store.Key, change store.Change) (store.Result, error) {
	f.updates.Add(1)
	if err := f.before(ctx); err != nil {
		return store.Result{}, err
	}
	lose := f.loseReplies.Load()
	result, err := f.table.Update(ctx, key, change)
	if lose && err == nil {
		return store.Result{}, ErrInjected
	}
	return result, err
}

func (f *Faulty) before(ctx context.Context) error {
	down := f.down.Load()
	if d := time.Duration(f.delay.Load()); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if down {
		return ErrInjected
	}
	return nil
}

// maybeStale swaps fresh items for remembered ones while reads are stale.
func (f *Faulty) maybeStale(partition string, fresh []store.Item) []store.Item {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frozen == nil {
		return fresh
	}
	if _, ok := f.frozen[partition]; !ok {
		f.frozen[partition] = cloneAll(fresh)
	}
	return cloneAll(f.frozen[partition])
}

func cloneAll(items []store.Item) []store.Item {
	clones := make([]store.Item, len(items))
	for i, item := range items {
		clones[i] = store.Item{Key: item.Key, Attrs: maps.Clone(item.Attrs)}
	}
	return clones
}
