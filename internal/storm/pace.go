package storm

import (
	"context"
	"sync/atomic"
	"time"
)

// pace is the time of a run: the scenario's own runs so many times as fast as
// the clock.
type pace struct {
	factor float64 // >= 1
	base   time.Time
	began  atomic.Int64 // ns after base; 0 before the run begins
}

func newPace(factor float64) *pace { return &pace{factor: factor, base: time.Now()} }

func (p *pace) begin() { p.began.Store(int64(time.Since(p.base))) }

// start is when the run began.
func (p *pace) start() time.Time { return p.base.Add(time.Duration(p.began.Load())) }

// real is how long d of the scenario takes.
func (p *pace) real(d time.Duration) time.Duration { return time.Duration(float64(d) / p.factor) }

// own is how much of the scenario passes in d.
func (p *pace) own(d time.Duration) time.Duration { return time.Duration(float64(d) * p.factor) }

// now is the scenario's time; 0 before the run begins.
func (p *pace) now() time.Duration {
	if p.began.Load() == 0 {
		return 0
	}
	return p.own(time.Since(p.start()))
}

// until waits for a moment of the scenario; false means that ctx ended before.
func (p *pace) until(ctx context.Context, at time.Duration) bool {
	return sleep(ctx, time.Until(p.start().Add(p.real(at))))
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
