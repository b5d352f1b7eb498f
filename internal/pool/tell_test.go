package pool_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// told are the events of pools, in short.
type told struct {
	mu     sync.Mutex
	events []string
}

func (o *told) take(_ context.Context, e telemetry.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e := e.(type) {
	case telemetry.Cooldown:
		o.events = append(o.events, string(e.Change)+" "+e.Of+" "+e.Name+" "+string(e.Class))
	case telemetry.StoreTrouble:
		if e.Recovered {
			e.Operation = "recovered"
		}
		o.events = append(o.events, "store "+e.Operation)
	}
}

func (o *told) set(c *pool.Config) { c.Observe = o.take }

func (o *told) check(t *testing.T, want ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if diff := cmp.Diff(want, o.events); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
	o.events = nil
}

// TestCooldownsAreTold once, by whoever began, tried or ended them.
func TestCooldownsAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o told
		pools := instances(embedded.NewMemory(), 2, o.set)
		first, second := book(t, pools[0], ask(sonnet)), book(t, pools[1], ask(sonnet))
		refuse(t, first, limited(20*time.Second))
		refuse(t, second, limited(10*time.Second)) // it ends before that
		o.check(t, "begun group key-1 rate_limit")
		time.Sleep(20 * time.Second)
		serve(t, book(t, pools[0], ask(sonnet)))
		o.check(t, "ended group key-1 rate_limit")

		first, second = book(t, pools[0], ask(sonnet)), book(t, pools[1], ask(sonnet))
		refuse(t, first, limited(20*time.Second))
		refuse(t, second, limited(40*time.Second))
		o.check(t, "begun group key-1 rate_limit", "extended group key-1 rate_limit")
		if _, err := pools[1].Clear(t.Context(), "key-1"); err != nil {
			t.Fatal(err)
		}
		o.check(t, "cleared group key-1 rate_limit")

		refuse(t, book(t, pools[0], ask(sonnet)), of(upstream.Auth))
		time.Sleep(5 * time.Minute)
		serve(t, book(t, pools[0], ask(sonnet)))
		o.check(t, "begun key key-1 auth", "probed key key-1 auth", "ended key key-1 auth")
	})
}

// TestStoreTroubleIsTold, and that rests begin all the same.
func TestStoreTroubleIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o told
		table := newFaulty()
		table.Down(true)
		p := newPool(table, keys(1), o.set)
		b := book(t, p, ask(sonnet))
		o.check(t, "store query")
		refuse(t, b, limited(time.Second))
		o.check(t, "store update", "begun group key-1 rate_limit")
		table.Down(false)
		time.Sleep(10 * time.Second)
		serve(t, book(t, p, ask(sonnet)))
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.events) == 0 || o.events[0] != "store recovered" {
			t.Errorf("events %v, want the store's recovery first", o.events)
		}
	})
}
