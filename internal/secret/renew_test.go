package secret_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/secret"
)

func renew(t *testing.T, c *secret.Cache, old, want string, wantChanged bool) {
	t.Helper()
	v, changed, err := c.Renew(t.Context(), plain, secret.New(old))
	if err != nil || v.Reveal() != want || changed != wantChanged {
		t.Errorf("Renew(%q): got %q, %v, %v; want %q, %v", old, v.Reveal(), changed, err, want, wantChanged)
	}
}

func TestRenewOfFortyIsOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		f.set("v2", nil)
		f.slow(time.Second)
		var changed atomic.Int64
		var group sync.WaitGroup
		for range 40 {
			group.Go(func() {
				v, isNew, err := c.Renew(t.Context(), plain, secret.New("v1"))
				if err != nil || v.Reveal() != "v2" {
					t.Errorf("got %q, %v", v.Reveal(), err)
				}
				if isNew {
					changed.Add(1)
				}
			})
		}
		group.Wait()
		wantReads(t, f, 2)
		if got := changed.Load(); got != 40 {
			t.Errorf("%d of 40 callers were told of the new value", got)
		}
	})
}

func TestRenewIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		renew(t, c, "v1", "v1", false)
		wantReads(t, f, 2)
		f.set("v2", nil)
		time.Sleep(10*time.Second - 1)
		renew(t, c, "v1", "v1", false)
		wantReads(t, f, 2)
		time.Sleep(time.Nanosecond)
		renew(t, c, "v1", "v2", true)
		renew(t, c, "v1", "v2", true) // a straggler that still held v1
		wantReads(t, f, 3)
	})
}

// Another caller's refusal of the very newest value must not wait for the pause.
func TestRenewWithoutGetReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(&fake{text: "v1"})
		renew(t, c, "v0", "v1", true)
		get(t, c, plain, "v1")
	})
}

func TestRenewLengthensLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		time.Sleep(4 * time.Minute)
		renew(t, c, "v1", "v1", false)
		time.Sleep(4 * time.Minute)
		get(t, c, plain, "v1")
		wantReads(t, f, 2)
	})
}

func TestRenewWhileSourceIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		f.set("", errors.New("service unavailable"))
		for range 2 { // the second is within the pause and is told the same
			v, changed, err := c.Renew(t.Context(), plain, secret.New("v1"))
			if v.Reveal() != "v1" || changed {
				t.Errorf("got %q, %v; want the last good value, unchanged", v.Reveal(), changed)
			}
			checkError(t, err, "secret fake:key: service unavailable")
		}
		wantReads(t, f, 2)
		get(t, c, plain, "v1")
	})
}

func TestRenewOfWithdrawnField(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: `{"a": "1"}`}
		c := newCache(f)
		get(t, c, field("a"), "1")
		f.set(`{"b": "1"}`, nil)
		v, changed, err := c.Renew(t.Context(), field("a"), secret.New("1"))
		if !v.Empty() || changed {
			t.Errorf("got a value, changed %v", changed)
		}
		checkError(t, err, "no such field")
	})
}

// A reading that began before the secret was changed proves nothing about the
// change; a refusal that comes meanwhile reads once more.
func TestRenewDoesNotTrustAnEarlierReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		time.Sleep(5 * time.Minute)
		f.slow(time.Second)
		var group sync.WaitGroup
		group.Go(func() { get(t, c, plain, "v1") }) // reads v1 because it is old
		synctest.Wait()
		f.set("v2", nil)
		group.Go(func() { renew(t, c, "v1", "v2", true) })
		group.Wait()
		wantReads(t, f, 3)
	})
}

func TestRenewOfACallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{text: "v1"}
		c := newCache(f)
		get(t, c, plain, "v1")
		f.slow(time.Second)
		var group sync.WaitGroup
		group.Go(func() { renew(t, c, "v1", "v1", false) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := c.Renew(ctx, plain, secret.New("v1"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		group.Wait()
	})
}
