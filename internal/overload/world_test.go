package overload_test

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// world is a simulation in virtual time: an hour of one model's traffic, with
// clients whose SDKs try three times, a gateway of one or many instances, and a
// provider that is in trouble for a while.
type world struct {
	now     time.Time
	events  events
	rng     *rand.Rand
	trouble trouble
	// instances do not know of each other. With more than one, each takes one
	// request at a time, as on Lambda.
	instances []strategy
	busy      []bool
	minutes   [60]tally // of the hour; what follows from a request counts to its arrival
}

// tally counts over some time: requests of clients and how many were lost for
// good; answers of the gateway and how many said that the provider is
// overloaded; calls to the provider.
type tally struct{ requests, lost, answers, faults, calls int }

func (t *tally) add(o tally) {
	t.requests += o.requests
	t.lost += o.lost
	t.answers += o.answers
	t.faults += o.faults
	t.calls += o.calls
}

// strategy is what is compared. begin returns nil to refuse a request.
type strategy interface {
	begin(clientRetry int) attempts
}

type attempts interface {
	Accepted()
	Next(*upstream.Fault, time.Duration) (time.Duration, bool, overload.Reason)
}

const (
	perSecond  = 3.3 // requests: 36 in flight with the answers' mean of 12.9 s
	sdkTries   = 3
	patience   = time.Minute
	toRefuse   = 300 * time.Millisecond
	firstToken = time.Second
)

func simulate(seed uint64, instances int, strategy func(*world) strategy, trouble trouble) *world {
	w := &world{now: start, rng: rand.New(rand.NewPCG(seed, 529)), trouble: trouble, busy: make([]bool, instances)}
	for range instances {
		w.instances = append(w.instances, strategy(w))
	}
	w.after(0, w.arrive)
	for len(w.events) > 0 {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.run()
	}
	return w
}

func (w *world) clock() time.Time          { return w.now }
func (w *world) elapsed() time.Duration    { return w.now.Sub(start) }
func (w *world) config() overload.Config   { return overload.Config{Now: w.clock, Rand: w.rng.Float64} }
func (w *world) backoff() overload.Backoff { return overload.Backoff{Rand: w.rng.Float64} }

func (w *world) arrive() {
	minute := int(w.elapsed().Minutes())
	if minute >= len(w.minutes) {
		return
	}
	w.minutes[minute].requests++
	w.request(&w.minutes[minute], 0)
	w.after(time.Duration(w.rng.ExpFloat64()/perSecond*float64(time.Second)), w.arrive)
}

// request is one HTTP request of a client's SDK, and what the SDK does after it.
func (w *world) request(m *tally, retry int) {
	m.answers++
	i := w.idle()
	end := func(ok bool) {
		w.busy[i] = false
		if ok {
			return
		}
		m.faults++
		if retry == sdkTries-1 {
			m.lost++
			return
		}
		jitter := 1 - w.rng.Float64()/4
		w.after(time.Duration(jitter*float64(500*time.Millisecond<<retry)), func() { w.request(m, retry+1) })
	}
	if try := w.instances[i].begin(retry); try != nil {
		w.call(m, try, w.now.Add(patience), end)
	} else {
		end(false)
	}
}

func (w *world) call(m *tally, try attempts, deadline time.Time, end func(bool)) {
	m.calls++
	if !w.trouble.refuses(w) {
		w.after(firstToken, try.Accepted)
		w.after(firstToken+w.answer(), func() { end(true) })
		return
	}
	w.after(toRefuse, func() {
		fault := &upstream.Fault{Class: upstream.Overload, Status: 529}
		wait, again, _ := try.Next(fault, deadline.Sub(w.now))
		if !again {
			end(false)
			return
		}
		w.after(wait, func() { w.call(m, try, deadline, end) })
	})
}

// answer is how long a whole answer takes: p50 11 s, p95 28 s.
func (w *world) answer() time.Duration {
	return time.Duration(11 * math.Exp(0.568*w.rng.NormFloat64()) * float64(time.Second))
}

// idle picks the instance for a request: the first idle one, any if there is
// none or only one.
func (w *world) idle() int {
	for i, busy := range w.busy {
		if !busy && len(w.busy) > 1 {
			w.busy[i] = true
			return i
		}
	}
	return w.rng.IntN(len(w.busy))
}

func (w *world) after(d time.Duration, run func()) { heap.Push(&w.events, event{w.now.Add(d), run}) }

type event struct {
	at  time.Time
	run func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
