package plan

import (
	"container/heap"
	"context"
	"iter"
	"time"
)

// loop is a time of its own. Of all that is under way in it exactly one thing
// runs, until it sleeps; what was due first runs first, and of two that are due
// together the one that asked first. So the same beginning has the same end.
type loop struct {
	now   time.Time
	due   dues
	count int // of sleeps, to order those that end together
	// listening are the sleeps that something else may end.
	listening map[*process]bool
}

func newLoop(now time.Time) *loop { return &loop{now: now, listening: map[*process]bool{}} }

// process is a coroutine: it runs when it is resumed and returns by sleeping.
type process struct {
	at    time.Time
	order int
	index int // in loop.due
	run   func(context.Context)
	wake  <-chan struct{}
	woken bool

	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	over   bool // it was told to stop, and must not sleep any more
}

// Now is the loop's time.
func (l *loop) Now() time.Time { return l.now }

// at lets run begin at a moment.
func (l *loop) at(moment time.Time, run func(context.Context)) {
	l.count++
	heap.Push(&l.due, &process{at: moment, order: l.count, run: run})
}

// Sleep has the form of pool.Config.Sleep. ctx must come from the process that
// calls it.
func (l *loop) Sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	p, ok := ctx.Value(processKey{}).(*process)
	if !ok || p.over || ctx.Err() != nil {
		return false
	}
	l.count++
	p.at, p.order, p.wake, p.woken = l.now.Add(max(0, d)), l.count, wake, false
	heap.Push(&l.due, p)
	if wake != nil {
		l.listening[p] = true
	}
	if !p.yield(struct{}{}) {
		p.over = true
		return false
	}
	return !p.woken
}

type processKey struct{}

// play runs all there is until nothing is left or ctx ends; each is called
// after every step.
func (l *loop) play(ctx context.Context, each func()) {
	ctx, cancel := context.WithCancel(ctx)
	defer l.end()
	defer cancel()
	for len(l.due) > 0 && ctx.Err() == nil {
		p := heap.Pop(&l.due).(*process)
		delete(l.listening, p)
		if p.at.After(l.now) {
			l.now = p.at
		}
		if p.resume == nil {
			l.begin(ctx, p)
		}
		p.resume()
		l.listen()
		each()
	}
}

func (l *loop) begin(ctx context.Context, p *process) {
	p.resume, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		p.yield = yield
		p.run(context.WithValue(ctx, processKey{}, p))
	})
}

// listen ends the sleeps whose channels were closed by what ran last.
func (l *loop) listen() {
	for p := range l.listening {
		select {
		case <-p.wake:
			p.woken, p.at = true, l.now
			delete(l.listening, p)
			heap.Fix(&l.due, p.index)
		default:
		}
	}
}

// end lets all that sleeps find out that it is over.
func (l *loop) end() {
	for _, p := range l.due {
		if p.stop != nil {
			p.stop()
		}
	}
	l.due = nil
}

// dues is a heap.
type dues []*process

func (d dues) Len() int { return len(d) }

func (d dues) Less(i, j int) bool {
	if !d[i].at.Equal(d[j].at) {
		return d[i].at.Before(d[j].at)
	}
	return d[i].order < d[j].order
}

func (d dues) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

func (d *dues) Push(x any) {
	p := x.(*process)
	p.index = len(*d)
	*d = append(*d, p)
}

func (d *dues) Pop() any {
	old := *d
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	return p
}

var _ heap.Interface = (*dues)(nil)
