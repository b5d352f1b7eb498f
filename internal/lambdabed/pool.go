package lambdabed

import (
	"slices"
	"time"
)

// place is where an environment stands in the bed.
type place int

const (
	busy    place = iota // starts for an invocation, or has one
	ending               // the answer is complete, but it has not polled again
	idle                 // waits for an invocation, perhaps frozen
	leaving              // is being stopped, or is gone
)

var _ owner = (*Bed)(nil)

// acquire returns an environment that is ready for an invocation and busy from
// now on. After a success the caller reports the invocation's end.
func (b *Bed) acquire() (*environment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.awaitFree()
	if b.closed {
		return nil, ErrClosed
	}
	if n := len(b.free); n > 0 {
		e := b.free[n-1]
		b.occupy(e)
		return e, nil
	}
	if len(b.envs) >= b.cfg.Environments {
		b.stats.Throttled++
		return nil, ErrThrottled
	}
	return b.coldStart()
}

// awaitFree waits a little if nothing is free but an environment is about to
// be, and no other request waits for it already. It is called with b.mu held
// and gives it up while it waits.
func (b *Bed) awaitFree() {
	patience := time.NewTimer(b.cfg.Grace)
	defer patience.Stop()
	for !b.closed && len(b.free) == 0 && b.count(ending) > b.waiting {
		if !b.await(patience.C) {
			return
		}
	}
}

// await waits for a change, and reports whether it came before the timeout.
func (b *Bed) await(timeout <-chan time.Time) bool {
	changed := b.changed
	b.waiting++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.waiting--
	}()
	select {
	case <-changed:
		return true
	case <-timeout:
		return false
	}
}

// coldStart starts an environment. It is called with b.mu held and gives it up
// meanwhile.
func (b *Bed) coldStart() (*environment, error) {
	b.stats.ColdStarts++
	e := newEnvironment(b.cfg, b.stats.ColdStarts, b)
	b.envs[e.id] = e
	b.occupy(e)
	b.mu.Unlock()
	err := e.start(b.spawner)
	b.mu.Lock()
	if err != nil {
		b.remove(e)
		b.invocations.Done()
		return nil, err
	}
	return e, nil
}

func (b *Bed) occupy(e *environment) {
	b.move(e, busy)
	e.served++
	b.stats.Invocations++
	b.invocations.Add(1)
}

// move puts an environment into another place and tells who waits for it.
func (b *Bed) move(e *environment, to place) {
	if e.place == idle {
		b.free = slices.DeleteFunc(b.free, func(f *environment) bool { return f == e })
	}
	if e.place = to; to == idle {
		b.free = append(b.free, e)
	}
	b.notify()
}

func (b *Bed) remove(e *environment) {
	b.move(e, leaving)
	delete(b.envs, e.id)
}

func (b *Bed) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *Bed) count(p place) (n int) {
	for _, e := range b.envs {
		if e.place == p {
			n++
		}
	}
	return n
}

// ending notes that e's answer is complete.
func (b *Bed) ending(e *environment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.place == busy {
		b.move(e, ending)
	}
}

// idle notes that e asks for work.
func (b *Bed) idle(e *environment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.place == leaving {
		return
	}
	b.move(e, idle)
	if b.cfg.IdleTimeout > 0 {
		b.expire(e)
	}
}

// expire ends e if its present idleness lasts too long.
func (b *Bed) expire(e *environment) {
	served := e.served
	time.AfterFunc(b.cfg.IdleTimeout, func() {
		b.stop(func(other *environment) bool {
			return other == e && e.place == idle && e.served == served
		})
	})
}

// gone notes that e's process has ended.
func (b *Bed) gone(e *environment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.timedOut.Load():
		b.stats.TimedOut++
	case !e.stopping.Load():
		b.stats.Crashes++
	}
	b.remove(e)
}
