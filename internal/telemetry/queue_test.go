package telemetry_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

// receiver notes the ids of each batch, and waits for leave before it returns.
type receiver struct {
	mu      sync.Mutex
	batches [][]string
	leave   chan struct{} // nil: at once
}

func (r *receiver) deliver(ctx context.Context, events []telemetry.Event) {
	var ids []string
	for _, e := range events {
		ids = append(ids, e.(telemetry.Request).ID)
	}
	r.mu.Lock()
	r.batches = append(r.batches, ids)
	r.mu.Unlock()
	if r.leave != nil {
		select {
		case <-r.leave:
		case <-ctx.Done():
		}
	}
}

func (r *receiver) got() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.batches
}

func put(q *telemetry.Queue, ids ...string) {
	for _, id := range ids {
		q.Observe(context.Background(), telemetry.Request{ID: id})
	}
}

func TestQueueGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		q := telemetry.NewQueue(telemetry.QueueConfig{Deliver: r.deliver, Batch: 3, Linger: time.Second})
		put(q, "1", "2")
		synctest.Wait()
		if got := r.got(); got != nil {
			t.Errorf("delivered %v before the linger was over", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		put(q, "3", "4", "5", "6") // three go as soon as they are there
		synctest.Wait()
		if diff := cmp.Diff([][]string{{"1", "2"}, {"3", "4", "5"}}, r.got()); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		if err := q.Close(t.Context()); err != nil { // the sixth does not wait for others now
			t.Errorf("Close: %v", err)
		}
		if diff := cmp.Diff([]string{"6"}, r.got()[2]); diff != "" {
			t.Errorf("last batch (-want +got):\n%s", diff)
		}
		if n := q.Dropped(); n != 0 {
			t.Errorf("dropped %d", n)
		}
	})
}

// TestQueueNeverWaits: with its receiver stuck, it takes what it has room for
// and drops the rest, at once.
func TestQueueNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{leave: make(chan struct{})}
		q := telemetry.NewQueue(telemetry.QueueConfig{Deliver: r.deliver, Size: 2, Batch: 2})
		began := time.Now()
		put(q, "1")
		synctest.Wait() // it is with the receiver
		put(q, "2", "3", "4", "5")
		if took := time.Since(began); took != 0 {
			t.Errorf("Observe waited %s", took)
		}
		if n := q.Dropped(); n != 2 {
			t.Errorf("dropped %d, want 2", n)
		}
		close(r.leave)
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		if diff := cmp.Diff([][]string{{"1"}, {"2", "3"}}, r.got()); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		put(q, "6")
		if n := q.Dropped(); n != 3 {
			t.Errorf("after Close: dropped %d, want 3", n)
		}
	})
}

// TestQueueCloseEnds: a receiver that hangs is cancelled, and what is left is
// not begun.
func TestQueueCloseEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{leave: make(chan struct{})}
		q := telemetry.NewQueue(telemetry.QueueConfig{Deliver: r.deliver, Batch: 1})
		put(q, "1", "2")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := q.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("Close: %v after %s", err, time.Since(began))
		}
		if got := r.got(); len(got) != 1 {
			t.Errorf("delivered %v, want the first alone", got)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}
