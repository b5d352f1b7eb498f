package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// errSilent and errTotal are why a watchdog ended a call.
var (
	errSilent = errors.New("the provider was silent for too long")
	errTotal  = errors.New("the answer took too long")
)

// watchdog ends a call that is silent for too long, or takes too long in all.
type watchdog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	silent *time.Timer
	total  *time.Timer
}

func newWatchdog(ctx context.Context, silent, total time.Duration) *watchdog {
	ctx, cancel := context.WithCancelCause(ctx)
	return &watchdog{
		ctx: ctx, cancel: cancel,
		silent: time.AfterFunc(silent, func() { cancel(errSilent) }),
		total:  time.AfterFunc(total, func() { cancel(errTotal) }),
	}
}

// alive gives the provider that much time for its next sign of life.
func (w *watchdog) alive(d time.Duration) { w.silent.Reset(d) }

func (w *watchdog) stop() {
	w.silent.Stop()
	w.total.Stop()
	w.cancel(nil)
}

// fault explains a call that failed. Our own bounds and the request's deadline
// are time-outs, whatever the call made of being ended; else a provider's own
// fault stays what it is, and anything else is the network.
func (w *watchdog) fault(err error) *upstream.Fault {
	cause := context.Cause(w.ctx)
	switch {
	case errors.Is(cause, errSilent), errors.Is(cause, errTotal):
		return &upstream.Fault{Class: upstream.Timeout, Message: cause.Error()}
	case errors.Is(w.ctx.Err(), context.DeadlineExceeded): // the cause may have any name
		return &upstream.Fault{Class: upstream.Timeout, Message: "the request's time was over"}
	}
	return connectFault(err)
}
