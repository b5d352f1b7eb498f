package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// refusalTime is how long a refusal takes, headersTime how long until the
	// headers of an answer are here.
	refusalTime = 100 * time.Millisecond
	headersTime = 600 * time.Millisecond
	// produceEvery is how often the output written is charged.
	produceEvery = time.Second
)

// What a client hears when it gets no answer.
var (
	// ErrLimited is a 429.
	ErrLimited = errors.New("no room in time")
	// ErrOverloaded is a 529.
	ErrOverloaded = errors.New("provider overloaded")
)

// Call is one request on its way, and the book kept of it. Only the goroutine
// that serves it may use it.
type Call struct {
	Request
	// Arrived is when the client asked, by the true clock.
	Arrived time.Time

	provider *provider
	key      int       // of the last call
	last     admission // what became of it
	sent     time.Time // when it was made
	sends    int
	refused  int // 429s of the provider
}

// Answer is the beginning of an answer: its headers.
type Answer struct {
	// Fault is nil when the provider took the request; then Stream is next.
	Fault   *upstream.Fault
	Signals upstream.Signals
}

// Send makes one call with a key and returns when its headers are here.
func (c *Call) Send(key int) Answer {
	c.begin(key, c.provider.admit(key, &c.Request, c.sends))
	return c.headers()
}

// begin notes a call and what became of it.
func (c *Call) begin(key int, a admission) {
	c.provider.noteStuck(key, a.fault == nil)
	c.sends++
	c.key, c.last, c.sent = key, a, time.Now()
	if a.fault != nil && a.fault.Class == upstream.RateLimit {
		c.refused++
	}
}

// headers waits for those of the call that was begun.
func (c *Call) headers() Answer {
	if c.last.fault != nil {
		time.Sleep(refusalTime)
	} else {
		time.Sleep(headersTime)
	}
	return Answer{Fault: c.last.fault, Signals: c.last.signals}
}

// Stream waits for the rest of the answer and returns what it consumed.
func (c *Call) Stream() upstream.Usage {
	left, output := c.Latency-headersTime, c.Output
	for left > produceEvery {
		time.Sleep(produceEvery)
		part := int64(float64(output) * float64(produceEvery) / float64(left))
		c.provider.produce(c.key, part)
		left, output = left-produceEvery, output-part
	}
	time.Sleep(left)
	c.provider.produce(c.key, output)
	return c.last.usage
}

// pause waits so long, and reports false when the context ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
