package awsfront

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
)

type queueKey struct{}

// After runs f once the end of the answer has been posted and before the
// process may be frozen. Its context carries the values of the invocation and
// ends at the invocation's deadline, not with the request. Functions run one
// after another in the order in which they were given; a panic in one is
// logged and stops no other.
//
// ctx is the context of a request served by this package, or one derived from
// it. With any other, or when the answer is already over, f runs at once,
// before After returns.
func After(ctx context.Context, f func(context.Context)) {
	q, ok := ctx.Value(queueKey{}).(*queue)
	if !ok || !q.add(f) {
		f(ctx)
	}
}

// queue holds the work that waits for the end of one answer.
type queue struct {
	log *slog.Logger

	mu   sync.Mutex // covers what follows
	work []func(context.Context)
	over bool
}

// add reports whether f will be run.
func (q *queue) add(f func(context.Context)) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.over {
		q.work = append(q.work, f)
	}
	return !q.over
}

// next returns nil, and closes the queue, when nothing is left.
func (q *queue) next() (f func(context.Context)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over = len(q.work) == 0; q.over {
		return nil
	}
	f, q.work = q.work[0], q.work[1:]
	return f
}

func (q *queue) run(ctx context.Context) {
	for f := q.next(); f != nil; f = q.next() {
		q.call(ctx, f)
	}
}

// call shields the runtime's loop, which does not recover from a panic here.
func (q *queue) call(ctx context.Context, f func(context.Context)) {
	defer func() {
		if cause := recover(); cause != nil {
			q.log.Error("work after the answer panicked", "panic", cause,
				"invocation", invocationID(ctx), "stack", string(debug.Stack()))
		}
	}()
	f(ctx)
}
