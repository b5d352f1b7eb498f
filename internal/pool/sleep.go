package pool

import (
	"context"
	"time"
)

// pause sleeps; it reports false when the context ended first.
func (p *Pool) pause(ctx context.Context, d time.Duration) bool { return p.sleep(ctx, d, nil) }

// sleep waits for d, unless wake is closed or the context ends before.
func (p *Pool) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	if p.cfg.Sleep != nil {
		return p.cfg.Sleep(ctx, d, wake)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-wake:
	case <-ctx.Done():
	}
	return false
}
