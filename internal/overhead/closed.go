package overhead

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// grace is how long requests may still take that are under way when a
// measurement ends. Left alone, they would be the next contestant's burden.
const grace = 2 * time.Second

// count is what a closed loop has seen.
type count struct {
	// within is how many answers, or events of streams, came in the time of the
	// measurement; all counts those of the grace too, which cost processor time.
	within, all atomic.Int64
	failed      atomic.Int64
	mu          sync.Mutex // guards took and problem
	took        []time.Duration
	problem     error // the first
}

// closed keeps a number of connections busy for some time: each sends its next
// request when it has its answer.
func closed(ctx context.Context, t Target, w Workload, connections int, length time.Duration) *count {
	n := &count{}
	end := time.Now().Add(length)
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			// Else all paced streams would have their events at the same moment.
			time.Sleep(w.Pace * time.Duration(i) / time.Duration(connections))
			request := t.request(w, i)
			for ctx.Err() == nil {
				n.client(ctx, t, request, w.Stream(), end)
			}
		})
	}
	all.Wait()
	return n
}

// client is one connection, until the end or a failure.
func (n *count) client(ctx context.Context, t Target, request []byte, stream bool, end time.Time) {
	c, err := dial(t)
	if err != nil {
		n.fail(err)
		time.Sleep(10 * time.Millisecond) // lest a gateway that is down be asked a million times
		return
	}
	defer c.close()
	_ = c.net.SetDeadline(end.Add(grace)) // a failure shows in use
	var seen func(int)
	if stream {
		seen = func(events int) { n.add(events, end) }
	}
	for ctx.Err() == nil {
		began := time.Now()
		a, err := c.do(request, seen)
		if err != nil && time.Now().Before(end) {
			n.fail(err)
		}
		if err != nil {
			return
		}
		if !stream {
			n.add(1, end)
		}
		n.mu.Lock()
		n.took = append(n.took, a.last.Sub(began))
		n.mu.Unlock()
	}
}

func (n *count) add(items int, end time.Time) {
	n.all.Add(int64(items))
	if time.Now().Before(end) {
		n.within.Add(int64(items))
	}
}

func (n *count) fail(err error) {
	n.failed.Add(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.problem == nil {
		n.problem = err
	}
}
