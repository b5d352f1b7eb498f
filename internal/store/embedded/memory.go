package embedded

import (
	"context"
	"maps"
	"sync"

	"github.com/fallow-dev/fallow/internal/store"
)

// Memory is a table in memory. It keeps all items until its process ends:
// Fallow has some per quota group, and those do not grow with the traffic.
type Memory struct {
	mu    sync.Mutex
	items map[string]map[string]store.Item // by partition, then sort key
	// dirty are the items written since takeDirty; nil when nobody asks.
	dirty map[store.Key]struct{}
}

var _ store.Table = (*Memory)(nil)

// NewMemory returns an empty table.
func NewMemory() *Memory {
	return &Memory{items: make(map[string]map[string]store.Item)}
}

// Query implements store.Table.
func (m *Memory) Query(ctx context.Context, partition string) ([]store.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.ValidatePartition(partition); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	items := make([]store.Item, 0, len(m.items[partition]))
	for _, item := range m.items[partition] {
		items = append(items, clone(item))
	}
	return items, nil
}

// Get implements store.Table.
func (m *Memory) Get(ctx context.Context, key store.Key) (store.Item, bool, error) {
	if err := ctx.Err(); err != nil {
		return store.Item{}, false, err
	}
	if err := key.Validate(); err != nil {
		return store.Item{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	item, ok := m.items[key.Partition][key.Sort]
	return clone(item), ok, nil
}

// Update implements store.Table.
func (m *Memory) Update(ctx context.Context, key store.Key, change store.Change) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	if err := key.Validate(); err != nil {
		return store.Result{}, err
	}
	if err := change.Validate(); err != nil {
		return store.Result{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.items[key.Partition][key.Sort]
	old.Key = key
	result, err := store.Apply(old, change)
	if err == nil && result.Applied {
		m.put(clone(result.Item))
	}
	return result, err
}

// put keeps item as it is; an item without attributes is the same as none.
// The lock is held.
func (m *Memory) put(item store.Item) {
	partition := m.items[item.Key.Partition]
	if partition == nil {
		partition = make(map[string]store.Item)
		m.items[item.Key.Partition] = partition
	}
	partition[item.Key.Sort] = item
	if len(item.Attrs) == 0 {
		delete(partition, item.Key.Sort)
	}
	if len(partition) == 0 {
		delete(m.items, item.Key.Partition)
	}
	if m.dirty != nil {
		m.dirty[item.Key] = struct{}{}
	}
}

// takeDirty returns the items written since the last call as they stand now.
// All are of one moment, so that what File writes is a state that was.
func (m *Memory) takeDirty() []store.Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := make([]store.Item, 0, len(m.dirty))
	for key := range m.dirty {
		item := m.items[key.Partition][key.Sort]
		item.Key = key
		items = append(items, item) // never modified in place: needs no clone
	}
	clear(m.dirty)
	return items
}

// markDirty gives items back that could not be written.
func (m *Memory) markDirty(items []store.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, item := range items {
		m.dirty[item.Key] = struct{}{}
	}
}

func clone(item store.Item) store.Item {
	return store.Item{Key: item.Key, Attrs: maps.Clone(item.Attrs)}
}
