package telemetry

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// QueueConfig is what a Queue is made of.
type QueueConfig struct {
	// Deliver takes a batch of events, oldest first, in the queue's goroutine.
	// It must return when its context ends. Required.
	Deliver func(context.Context, []Event)
	// Size is how many events may wait; 0 means 2048.
	Size int
	// Batch is the most that are delivered at once; 0 means 256.
	Batch int
	// Linger is how long an event waits for others to go with it; 0 means not
	// at all.
	Linger time.Duration
}

// Queue is a Sink that never waits: events beyond its size are dropped and
// counted. Old events are kept and new ones dropped, because the beginning of
// a trouble tells more of it than its middle. Close ends it.
type Queue struct {
	cfg     QueueConfig
	events  chan Event
	stop    chan struct{}
	once    sync.Once
	done    chan struct{}
	ctx     context.Context // of deliveries
	cancel  context.CancelFunc
	dropped atomic.Uint64
}

var _ Sink = (*Queue)(nil)

// NewQueue starts a queue and its goroutine.
func NewQueue(cfg QueueConfig) *Queue {
	q := &Queue{
		cfg:    cfg,
		events: make(chan Event, cmp.Or(cfg.Size, 2048)),
		stop:   make(chan struct{}), done: make(chan struct{}),
	}
	q.cfg.Batch = cmp.Or(cfg.Batch, 256)
	q.ctx, q.cancel = context.WithCancel(context.Background())
	go q.run()
	return q
}

// Observe implements Sink. Events after Close are dropped.
func (q *Queue) Observe(_ context.Context, e Event) {
	select {
	case <-q.stop:
		q.dropped.Add(1)
		return
	default:
	}
	select {
	case q.events <- e:
	default:
		q.dropped.Add(1)
	}
}

// Dropped counts the events for which there was no room.
func (q *Queue) Dropped() uint64 { return q.dropped.Load() }

// Close delivers what waits and ends the queue. When ctx ends first, the
// delivery under way is cancelled and what is left is lost.
func (q *Queue) Close(ctx context.Context) error {
	q.once.Do(func() { close(q.stop) })
	defer q.cancel()
	select {
	case <-q.done:
		return nil
	case <-ctx.Done():
		q.cancel()
		<-q.done
		return context.Cause(ctx)
	}
}

func (q *Queue) run() {
	defer close(q.done)
	for {
		select {
		case e := <-q.events:
			if q.ctx.Err() != nil { // Close has given up; select may still choose an event
				return
			}
			q.cfg.Deliver(q.ctx, q.gather(e))
		case <-q.stop:
			q.drain()
			return
		}
	}
}

// gather waits for more to go with the first event.
func (q *Queue) gather(first Event) []Event {
	batch := q.waiting([]Event{first})
	linger := time.NewTimer(q.cfg.Linger)
	defer linger.Stop()
	for len(batch) < q.cfg.Batch {
		select {
		case e := <-q.events:
			batch = append(batch, e)
		case <-linger.C:
			return batch
		case <-q.stop:
			return batch
		}
	}
	return batch
}

// drain delivers what is left, as long as it may.
func (q *Queue) drain() {
	for q.ctx.Err() == nil {
		batch := q.waiting(nil)
		if len(batch) == 0 {
			return
		}
		q.cfg.Deliver(q.ctx, batch)
	}
}

// waiting adds to a batch what is there already.
func (q *Queue) waiting(batch []Event) []Event {
	for len(batch) < q.cfg.Batch {
		select {
		case e := <-q.events:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}
