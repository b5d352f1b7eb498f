package pool_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestBurstSharesARead: what is free within the store's answer costs one read,
// however many ask at once.
func TestBurstSharesARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		table.Delay(10 * time.Millisecond)
		p := newPool(table, keys(4), waits(time.Second))
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { book(t, p, asking("")) })
		}
		all.Wait()
		// One for all that came at once, one for those that waited for a scout.
		if queries, _, _ := table.Calls(); queries > 2 {
			t.Errorf("%d reads for a burst of 50, want 2 at most", queries)
		}
	})
}

// TestSharedReadOutlivesWhoBeganIt: the request that happened to come first
// goes away; the others must not be left with old knowledge for it.
func TestSharedReadOutlivesWhoBeganIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		refuse(t, bookKey(t, newPool(table, keys(2)), "key-1", asking("x"), "key-2"), limited(time.Minute))
		table.Delay(10 * time.Millisecond)
		p := newPool(table, keys(2))

		first, leave := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := p.Book(first, asking("x"))
			gone <- err
		}()
		synctest.Wait()
		leave()
		for range 10 {
			if b := book(t, p, asking("")); b.Key != "key-2" {
				t.Errorf("got %s, which rests", b.Key)
			}
		}
		if err := <-gone; err != context.Canceled {
			t.Errorf("who left got %v, want its context's error", err)
		}
	})
}

// TestSharedReadIsNotWaitedForInVain: whoever shares a read that hangs goes
// when its own time is over.
func TestSharedReadIsNotWaitedForInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		table.Delay(time.Hour)
		p := newPool(table, keys(1))
		var other sync.WaitGroup
		defer other.Wait()
		other.Go(func() { book(t, p, asking("x")) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := p.Book(ctx, asking("y")); err != context.DeadlineExceeded || time.Since(began) > 20*time.Millisecond {
			t.Errorf("%v after %v, want the deadline after 20 ms", err, time.Since(began))
		}
	})
}
