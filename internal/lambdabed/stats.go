package lambdabed

import "context"

// Stats says what has happened and what is the case now.
type Stats struct {
	// Invocations counts those that found an environment; Throttled counts
	// those that did not.
	Invocations, Throttled int
	// ColdStarts counts the processes that were started. It is also the number
	// of the latest environment.
	ColdStarts int
	// Crashes counts processes that ended by themselves or by Kill, TimedOut
	// those that were killed at an invocation's deadline.
	Crashes, TimedOut int
	// Environments is the number of processes now; Busy that of those which
	// start, have an invocation, or have not yet polled again after one.
	Environments, Busy int
}

// Stats returns the figures as they are now.
func (b *Bed) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.figures()
}

func (b *Bed) figures() Stats {
	s := b.stats
	s.Environments, s.Busy = len(b.envs), b.count(busy)+b.count(ending)
	return s
}

// Wait returns when the figures are as wanted, or with the cause of ctx's end.
// A client has its answer before the environment is free again: a test that
// counts cold starts waits for Busy to be 0 in between.
func (b *Bed) Wait(ctx context.Context, wanted func(Stats) bool) error {
	for {
		b.mu.Lock()
		changed, done := b.changed, wanted(b.figures())
		b.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Idle reports that nothing is under way, for Wait.
func Idle(s Stats) bool { return s.Busy == 0 }
