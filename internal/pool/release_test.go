package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// meddled is a table with somebody who acts right before some writes.
type meddled struct {
	store.Table
	before func(key store.Key) (lost bool)
}

func (m *meddled) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	if m.before == nil || !m.before(key) {
		return m.Table.Update(ctx, key, c)
	}
	if _, err := m.Table.Update(ctx, key, c); err != nil {
		return store.Result{}, err
	}
	return store.Result{}, storetest.ErrInjected
}

// unprobed fails the test unless nobody holds the probe lease of key-1.
func unprobed(t *testing.T, table store.Table) {
	t.Helper()
	if r := record(t, table, keyRest); r.Has("probe_by") || r.Has("probe_until") {
		t.Errorf("%s still holds the probe lease", r.Str("probe_by"))
	}
}

// TestProbeThatIsNotSent gives its lease back, so that the next request, here
// or elsewhere, probes at once and not when the lease is over.
func TestProbeThatIsNotSent(t *testing.T) {
	t.Parallel()
	quotaFills := func(t *testing.T, table *meddled) {
		table.before = func(key store.Key) bool {
			if key.Sort == quotaOfKey {
				table.before = nil
				bookedUntil(t, table.Table, 10*time.Minute)
			}
			return false
		}
	}
	tests := []struct {
		name    string
		prepare func(t *testing.T, table *meddled)
		leaves  bool // the client goes after a second
		want    error
	}{
		{"it loses its reservation", quotaFills, false, nil},
		{"it loses, and the reply to its claim was lost", func(t *testing.T, table *meddled) {
			table.before = func(key store.Key) bool {
				quotaFills(t, table)
				return strings.HasPrefix(key.Sort, "rest#")
			}
		}, false, nil},
		{"its client leaves while it waits for its place", func(t *testing.T, table *meddled) {
			bookedUntil(t, table.Table, 5*time.Second)
		}, true, context.Canceled},
		{"it leaves, and the reply to its claim was lost", func(t *testing.T, table *meddled) {
			bookedUntil(t, table.Table, 5*time.Second)
			table.before = func(key store.Key) bool {
				table.before = nil
				return strings.HasPrefix(key.Sort, "rest#")
			}
		}, true, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := &meddled{Table: newFaulty()}
				pools := instances(table, 2, waits(20*time.Second))
				refuse(t, book(t, pools[0], ask(sonnet)), of("auth"))
				time.Sleep(5 * time.Minute)
				tt.prepare(t, table)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				if tt.leaves {
					time.AfterFunc(time.Second, leave)
				}
				var e *pool.ExhaustedError
				if b, err := pools[0].Book(ctx, ask(sonnet)); err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && !errors.As(err, &e) {
					t.Fatalf("got %+v, %v; want no key", b, err)
				}
				unprobed(t, table)
				for who, p := range map[string]*pool.Pool{"the same instance": pools[0], "another": pools[1]} {
					b := book(t, p, ask(haiku)) // there is room in its quota
					if !b.Probe || b.Waited > 0 {
						t.Errorf("%s: probe %v after %v, want a probe at once", who, b.Probe, b.Waited)
					}
					key := store.Key{Partition: records.Partition("claude"), Sort: keyRest}
					if _, err := table.Update(t.Context(), key, store.Change{Do: []store.Assign{store.Remove("probe_by"), store.Remove("probe_until")}}); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// TestProbeThatProvesNothing: a probe that met the provider's own trouble, or
// whose client left, says nothing about the key. Somebody else probes at once;
// a key that could serve would else be left out for the rest of the lease.
func TestProbeThatProvesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, b *pool.Booking){
		"overload":      func(t *testing.T, b *pool.Booking) { refuse(t, b, of(upstream.Overload)) },
		"server fault":  func(t *testing.T, b *pool.Booking) { refuse(t, b, of(upstream.Provider)) },
		"no connection": func(t *testing.T, b *pool.Booking) { refuse(t, b, of(upstream.Connect)) },
		"wrong request": func(t *testing.T, b *pool.Booking) { refuse(t, b, of(upstream.Client)) },
		"no answer":     func(t *testing.T, b *pool.Booking) { b.Settle(t.Context(), upstream.Usage{}) },
	}
	for name, ends := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				pools := quarantined(t, table, 2)
				for round := range 3 {
					for _, p := range pools {
						b := book(t, p, ask(haiku))
						if !b.Probe || b.Waited > 0 {
							t.Fatalf("round %d: probe %v after %v, want a probe at once", round, b.Probe, b.Waited)
						}
						ends(t, b)
						unprobed(t, table)
					}
				}
				serve(t, book(t, pools[0], ask(haiku)))
				if b := book(t, pools[0], ask(haiku)); b.Probe {
					t.Error("a probe that was answered did not end the quarantine")
				}
			})
		})
	}
}

// TestWhoDoesNotGoTakesNoLease: a request that is sent away, or into the line
// of a batch, keeps nobody here from probing, also while the store is down and
// could not tell otherwise.
func TestWhoDoesNotGoTakesNoLease(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]pool.Want{"sent away": ask(sonnet), "batch": batch()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				p := quarantined(t, table, 1)[0]
				bookedUntil(t, table, 30*time.Second)
				exhausted(t, p, want)
				table.Down(true)
				if b := book(t, p, ask(haiku)); !b.Probe {
					t.Error("the next one is not a probe")
				}
			})
		})
	}
}

// TestWhoDoesNotGoIsNoScout: nobody is held for somebody who was sent away.
func TestWhoDoesNotGoIsNoScout(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]pool.Want{"sent away": ask(sonnet), "batch": batch()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				bookedUntil(t, table, 30*time.Second)
				p := newPool(table, keys(1), waits(time.Second))
				exhausted(t, p, want)
				if b := book(t, p, ask(haiku)); b.Waited > 0 {
					t.Errorf("the next one waited %v, want 0", b.Waited)
				}
			})
		})
	}
}
