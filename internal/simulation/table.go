package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// What a table in the network costs. Latency is that of DynamoDB's conditional
// update within a region, as others measured it; the bounds are those of
// package store/dynamo.
const (
	spikeShare     = 0.002 // of calls that take slowCall
	slowCall       = 150 * time.Millisecond
	attemptTimeout = 80 * time.Millisecond
	throttleWait   = 300 * time.Millisecond
	throttlePause  = 25 * time.Millisecond
	// itemWrites is what one item bears a second, with one second's worth
	// saved up (Amazon DynamoDB Developer Guide, "Service quotas").
	itemWrites = 1000
)

var callLatency = lognormal{median: 4.5, sigma: 0.3, most: 150} // ms

// Load is what was asked of the table, in attempts.
type Load struct {
	Reads, Writes int
	// Failed are the writes whose condition did not hold, Throttled those
	// refused for their number. Both are among Writes.
	Failed, Throttled int
}

// table is the shared table itself.
type table struct {
	items *embedded.Memory
	began time.Time
	down  Window
	seed  int64

	mu     sync.Mutex // guards what follows
	load   Load
	writes map[store.Key]*drip
}

func newTable(s Scenario, seed int64) *table {
	return &table{items: embedded.NewMemory(), began: time.Now(), down: s.TableDown, seed: seed,
		writes: map[store.Key]*drip{}}
}

// link is the table as one instance meets it: slow, throttled, at times away.
type link struct {
	*table
	instance int
}

var _ store.Table = link{}

var (
	errAway      = errors.New("the table did not answer in time")
	errThrottled = errors.New("the table is throttled")
)

// Query implements store.Table.
func (l link) Query(ctx context.Context, partition string) (items []store.Item, err error) {
	err = l.attempts(ctx, "query", true, func() error {
		l.count(Load{Reads: 1})
		items, err = l.items.Query(ctx, partition)
		return err
	})
	return items, err
}

// Get implements store.Table.
func (l link) Get(ctx context.Context, key store.Key) (item store.Item, ok bool, err error) {
	err = l.attempts(ctx, key.Sort, true, func() error {
		l.count(Load{Reads: 1})
		item, ok, err = l.items.Get(ctx, key)
		return err
	})
	return item, ok, err
}

// Update implements store.Table.
func (l link) Update(ctx context.Context, key store.Key, change store.Change) (result store.Result, err error) {
	err = l.attempts(ctx, key.Sort, !change.HasAdd(), func() error {
		if !l.admits(key) {
			l.count(Load{Writes: 1, Throttled: 1})
			return errThrottled
		}
		l.count(Load{Writes: 1})
		result, err = l.items.Update(ctx, key, change)
		if err == nil && !result.Applied {
			l.count(Load{Failed: 1})
		}
		return err
	})
	return result, err
}

// attempts calls as package store/dynamo does: a throttled call again for a
// while, one without an answer once more if that is harmless.
func (l link) attempts(ctx context.Context, what string, repeatable bool, call func() error) error {
	waited, again := time.Duration(0), throttlePause
	for tried := 1; ; {
		err := l.attempt(ctx, what, call)
		switch {
		case errors.Is(err, errThrottled):
			wait := again/2 + time.Duration(l.luck(what).Float64()*float64(again/2))
			if waited+wait > throttleWait || !pause(ctx, wait) {
				return err
			}
			waited, again = waited+wait, again*2
		case errors.Is(err, errAway) && repeatable && tried < 2 && ctx.Err() == nil:
			tried++
		default:
			return err
		}
	}
}

// attempt makes one call, which takes effect half-way through. What takes too
// long has taken effect unheard.
func (l link) attempt(ctx context.Context, what string, call func() error) error {
	if l.down.holds(time.Since(l.began)) {
		pause(ctx, attemptTimeout)
		return errAway
	}
	way := l.latency(what) / 2
	if !pause(ctx, way) {
		return ctx.Err()
	}
	err := call()
	if !pause(ctx, min(way, attemptTimeout-way)) {
		return ctx.Err()
	}
	if way > attemptTimeout/2 {
		return errAway
	}
	return err
}

func (l link) latency(what string) time.Duration {
	r := l.luck(what)
	if r.Float64() < spikeShare {
		return slowCall
	}
	return time.Duration(callLatency.draw(r) * float64(time.Millisecond))
}

// luck is a call's own. A stream for all would be drawn from in the order in
// which goroutines happen to run.
func (l link) luck(what string) *rand.Rand {
	return source(l.seed, fmt.Sprintf("table %d %d %s", l.instance, time.Since(l.began), what))
}

// admits counts a write against what its item bears.
func (t *table) admits(key store.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.writes[key]
	if d == nil {
		d = &drip{perMinute: itemWrites * 60, burst: time.Second}
		t.writes[key] = d
	}
	now := time.Now()
	if d.wait(1, now) > 0 {
		return false
	}
	d.take(1, now)
	return true
}

func (t *table) count(l Load) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.load.Reads += l.Reads
	t.load.Writes += l.Writes
	t.load.Failed += l.Failed
	t.load.Throttled += l.Throttled
}
