package lambdabed

import (
	"context"
	"time"
)

// ColdStart starts a function's program once and returns the time from the
// start of the process to its first poll for work: what the program itself
// adds to a cold start, without the time in which Lambda prepares a machine
// and unpacks the code. env is added to the variables that Lambda sets. The
// process is killed before ColdStart returns, or when ctx ends.
func ColdStart(ctx context.Context, binary string, env []string) (time.Duration, error) {
	cfg, err := Config{Binary: binary, Env: env}.filled()
	if err != nil {
		return 0, err
	}
	s := newSpawner()
	defer s.stop()
	e := newEnvironment(cfg, 1, nobody{})
	defer context.AfterFunc(ctx, e.kill)()
	if err := e.start(s); err != nil {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return 0, err
	}
	e.stop()
	return e.initTook, nil
}

// nobody owns an environment that is not used.
type nobody struct{}

func (nobody) idle(*environment) {}
func (nobody) gone(*environment) {}

var _ owner = nobody{}
