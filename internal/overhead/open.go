package overhead

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// mostWaiting bounds the requests of an open loop that are without an answer.
// Who has that many does not keep up, and more would only fill memory.
const mostWaiting = 1000

// errBehind is a request that was not sent for that reason.
var errBehind = errors.New("it did not keep up: 1000 requests were without an answer")

// timing is how long an answer took, from the moment its request was due.
type timing struct {
	first, last time.Duration
	err         error
}

// pair is a request to a contestant and its twin, which goes to the upstream
// itself right after. Whatever the machine does meanwhile, it does to both.
type pair struct{ through, direct timing }

// open sends pairs when they are due, whatever became of those before, and
// waits for all answers. Requests are due at random, exponentially apart, as
// those of clients are that know nothing of each other; the same seed has the
// same moments.
func open(ctx context.Context, t, direct Target, w Workload, rate float64, length time.Duration, seed uint64) []pair {
	pairs := make([]pair, int(rate*length.Seconds()))
	through, beside := newLine(t, w), newLine(direct, w)
	random := rand.New(rand.NewPCG(seed, 0))
	gap := func() time.Duration {
		return time.Duration(random.ExpFloat64() / (2 * rate) * float64(time.Second))
	}
	due := time.Now().Add(time.Millisecond)
	for i := range pairs {
		due = due.Add(gap())
		through.send(ctx, i, due, &pairs[i].through)
		due = due.Add(gap())
		beside.send(ctx, i, due, &pairs[i].direct)
	}
	through.end()
	beside.end()
	return pairs
}

// conversations are as many as an open loop has at a time.
const conversations = 16

// line is the way to one target: as many connections as are needed at once.
type line struct {
	target   Target
	requests [conversations][]byte
	under    sync.WaitGroup

	mu      sync.Mutex // guards what follows
	idle    []*conn
	waiting map[*conn]bool
}

func newLine(t Target, w Workload) *line {
	l := &line{target: t, waiting: map[*conn]bool{}}
	for i := range l.requests {
		l.requests[i] = t.request(w, i)
	}
	return l
}

// send waits until request i is due and sends it; into holds its timing when
// the line has ended.
func (l *line) send(ctx context.Context, i int, due time.Time, into *timing) {
	waitUntil(due)
	c, err := l.take()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		into.err = err
		return
	}
	l.under.Go(func() {
		a, err := c.do(l.requests[i%conversations], nil)
		*into = timing{a.first.Sub(due), a.last.Sub(due), err}
		l.put(c, err)
	})
}

// take returns a connection that nobody uses. The last one used is the first to
// be used again, so that there are no more than are needed.
func (l *line) take() (*conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= mostWaiting {
		return nil, errBehind
	}
	var c *conn
	if n := len(l.idle); n > 0 {
		c, l.idle = l.idle[n-1], l.idle[:n-1]
	} else {
		var err error
		if c, err = dial(l.target); err != nil {
			return nil, err
		}
	}
	l.waiting[c] = true
	return c, nil
}

func (l *line) put(c *conn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, c)
	if err != nil {
		c.close()
		return
	}
	l.idle = append(l.idle, c)
}

// end waits for the answers, for the grace at most, and closes the connections.
func (l *line) end() {
	l.mu.Lock()
	for c := range l.waiting {
		_ = c.net.SetDeadline(time.Now().Add(grace)) // a failure shows in use
	}
	l.mu.Unlock()
	l.under.Wait()
	for _, c := range l.idle {
		c.close()
	}
}
