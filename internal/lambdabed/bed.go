package lambdabed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
)

var (
	// ErrThrottled means that every environment is busy and no more are allowed.
	ErrThrottled = errors.New("no environment is free and the concurrency limit is reached")
	// ErrClosed means that the bed has been closed.
	ErrClosed = errors.New("the bed is closed")
)

// Bed is one function with its URL and its environments. Its methods are safe
// for concurrent use.
type Bed struct {
	cfg         Config
	spawner     *spawner
	server      *http.Server
	url         string
	invocations sync.WaitGroup

	mu      sync.Mutex // covers what follows, and the place of each environment
	envs    map[int]*environment
	free    []*environment // the one that became free last stands last
	waiting int            // requests that wait for an environment in place ending
	changed chan struct{}  // closed, and replaced, at every change
	stats   Stats
	closed  bool
}

// Start opens the function's URL. No process is started before it is needed.
func Start(cfg Config) (*Bed, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, fmt.Errorf("lambdabed: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambdabed: %w", err)
	}
	b := &Bed{
		cfg: cfg, spawner: newSpawner(), url: "http://" + listener.Addr().String(),
		envs: map[int]*environment{}, changed: make(chan struct{}),
	}
	b.server = &http.Server{Handler: http.HandlerFunc(b.serveURL)}
	go b.server.Serve(listener)
	return b, nil
}

// URL is where the function URL listens, without a slash at its end.
func (b *Bed) URL() string { return b.url }

// Close cuts off all clients, ends all processes as Lambda would, and returns
// when nothing of the bed is left. It may be called more than once.
func (b *Bed) Close() error {
	b.mu.Lock()
	already := b.closed
	b.closed = true
	b.notify()
	b.mu.Unlock()
	if already {
		return nil
	}
	err := b.server.Close()
	b.stop(func(*environment) bool { return true })
	b.invocations.Wait()
	b.spawner.stop()
	return err
}

// Invoke invokes the function directly, as a schedule does, and returns what
// it answered. The error is a *FunctionError if the function failed, and
// ErrThrottled at the concurrency limit. If ctx ends first the invocation goes
// on without its caller, as on Lambda.
func (b *Bed) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	type result struct {
		answer []byte
		err    error
	}
	results := make(chan result, 1)
	go func() {
		var r result
		r.err = b.run(newInvocation(payload), func(rep *reply) (err error) {
			r.answer, err = rep.whole(b.cfg.ResponseLimit)
			return err
		})
		results <- r
	}()
	select {
	case r := <-results:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// run carries one invocation out from beginning to end. consume reads the reply.
func (b *Bed) run(inv *invocation, consume func(*reply) error) error {
	e, err := b.acquire()
	if err != nil {
		return err
	}
	defer b.invocations.Done()
	defer close(inv.consumed) // from here on the runtime may poll again
	defer b.ending(e)
	r, err := e.run(inv)
	if err != nil {
		return err
	}
	if r.failure != nil {
		return r.failure
	}
	return consume(r)
}

// Kill ends the process of environment n with SIGKILL, as a crash would, and
// returns when it is gone. It reports whether there was one. Environments are
// numbered from 1 in the order of their start; no number is used twice.
func (b *Bed) Kill(n int) bool {
	b.mu.Lock()
	e := b.envs[n]
	b.mu.Unlock()
	if e == nil {
		return false
	}
	e.kill()
	<-e.dead
	return true
}

// Retire ends all environments that have no invocation, as Lambda does after
// some minutes, and returns how many these were. The next requests are cold
// starts.
func (b *Bed) Retire() int {
	return b.stop(func(e *environment) bool { return e.place == idle })
}

// stop takes the environments that which picks out of use and ends them.
func (b *Bed) stop(which func(*environment) bool) int {
	b.mu.Lock()
	var picked []*environment
	for _, e := range b.envs {
		if which(e) {
			b.move(e, leaving)
			picked = append(picked, e)
		}
	}
	b.mu.Unlock()
	var wg sync.WaitGroup
	for _, e := range picked {
		wg.Go(e.stop)
	}
	wg.Wait()
	return len(picked)
}
