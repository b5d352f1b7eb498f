package lambdabed

import (
	"context"
	"time"
)

// ColdStart starts a function's program once and returns when that was and when
// it first polled for work: what lies between is what the program itself adds to
// a cold start, without the time in which Lambda prepares a machine and unpacks
// the code. It takes from cfg what concerns one process. The process is killed
// before ColdStart returns, or when ctx ends.
func ColdStart(ctx context.Context, cfg Config) (began, polled time.Time, err error) {
	if cfg, err = cfg.filled(); err != nil {
		return began, polled, err
	}
	s := newSpawner()
	defer s.stop()
	e := newEnvironment(cfg, 1, nobody{})
	defer context.AfterFunc(ctx, e.kill)()
	if err := e.start(s); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return began, polled, err
	}
	e.stop()
	return e.started, e.started.Add(e.initTook), nil
}

// nobody owns an environment that is not used.
type nobody struct{}

func (nobody) idle(*environment) {}
func (nobody) gone(*environment) {}

var _ owner = nobody{}
