package overload_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/overload"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// trouble is a provider's bad time: whole minutes of the hour.
type trouble struct {
	name    string
	minutes map[int]bool
	// share of the calls that are refused then.
	share float64
	// capacity, if not 0, is how many calls a second are accepted then, however
	// many there are; a bucket of one second.
	capacity float64
	bucket   *bucket
}

type bucket struct {
	room float64
	last time.Time
}

func minutes(from, to int) map[int]bool {
	m := map[int]bool{}
	for i := from; i < to; i++ {
		m[i] = true
	}
	return m
}

func (t trouble) refuses(w *world) bool {
	if !t.minutes[int(w.elapsed().Minutes())] {
		return false
	}
	if t.capacity == 0 {
		return w.rng.Float64() < t.share
	}
	t.bucket.room = min(t.capacity, t.bucket.room+w.now.Sub(t.bucket.last).Seconds()*t.capacity)
	t.bucket.last = w.now
	if t.bucket.room < 1 {
		return true
	}
	t.bucket.room--
	return false
}

// guarded is what this package does as a whole.
type guarded struct{ *overload.Guard }

func (g guarded) begin(retry int) attempts {
	try, err := g.Begin(overload.Target{}, retry)
	if err != nil {
		return nil
	}
	return try
}

// plain is the same without a throttle, and if budget is nil without one.
type plain struct {
	sends   func(clientRetry int) int
	backoff overload.Backoff
	budget  *overload.Budget
}

func (p plain) begin(retry int) attempts {
	if p.budget != nil && retry == 0 {
		p.budget.Earn()
	}
	return &plainTry{plain: p, left: p.sends(retry)}
}

type plainTry struct {
	plain
	left, made int
}

func (*plainTry) Accepted() {}

func (t *plainTry) Next(_ *upstream.Fault, remaining time.Duration) (time.Duration, bool, overload.Reason) {
	t.made++
	if t.made == t.left {
		return 0, false, overload.Sent
	}
	wait, fits := t.backoff.Next(t.made, 0, remaining)
	return wait, fits && (t.budget == nil || t.budget.Take()), overload.Spent
}

func sends(n int) func(int) int { return func(int) int { return n } }

var strategies = []struct {
	name string
	make func(*world) strategy
}{
	{"once", func(w *world) strategy { return plain{sends: sends(1), backoff: w.backoff()} }},
	{"seven sends", func(w *world) strategy { return plain{sends: sends(7), backoff: w.backoff()} }},
	{"budget", func(w *world) strategy {
		return plain{sends: overload.Sends, backoff: w.backoff(), budget: overload.NewBudget(w.config())}
	}},
	{"guard", func(w *world) strategy { return guarded{overload.NewGuard(w.config())} }},
}

func troubles() []trouble {
	return []trouble{
		{name: "waves", minutes: map[int]bool{15: true, 30: true, 45: true}, share: .6},
		{name: "ten bad minutes", minutes: minutes(20, 30), share: .6},
		{name: "outage", minutes: minutes(20, 30), share: 1},
		{name: "half the capacity", minutes: minutes(20, 30), capacity: perSecond / 2, bucket: &bucket{last: start}},
	}
}

// figures of a scenario: of the hour, of the minutes of trouble, and of the
// first and second minutes after each.
type figures struct{ all, during, first, second tally }

func measure(instances int, strategy func(*world) strategy, t trouble) figures {
	var f figures
	for seed := range uint64(2) {
		if t.bucket != nil {
			t.bucket = &bucket{last: start}
		}
		for i, m := range simulate(seed, instances, strategy, t).minutes {
			f.all.add(m)
			switch {
			case t.minutes[i]:
				f.during.add(m)
			case t.minutes[i-1]:
				f.first.add(m)
			case t.minutes[i-2]:
				f.second.add(m)
			}
		}
	}
	return f
}

// Shares, in per cent, and calls to the provider per request of a client.
func (t tally) lostShare() float64  { return 100 * float64(t.lost) / float64(t.requests) }
func (t tally) faultShare() float64 { return 100 * float64(t.faults) / float64(t.answers) }
func (t tally) load() float64       { return float64(t.calls) / float64(t.requests) }

// TestTrouble compares what can be done about a provider in trouble. Run it
// with -v for the figures.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, instances := range []int{1, 60} {
		for _, tr := range troubles() {
			t.Run(fmt.Sprintf("%s, instances=%d", tr.name, instances), func(t *testing.T) {
				t.Parallel()
				got := map[string]figures{}
				for _, s := range strategies {
					f := measure(instances, s.make, tr)
					got[s.name] = f
					t.Logf("%-9s  hour: lost %5.2f %%, answered 529 %5.2f %%; in trouble: %5.2f calls a request, lost %5.1f %%; lost in 1st, 2nd minute after: %4.1f, %4.1f %%",
						s.name, f.all.lostShare(), f.all.faultShare(), f.during.load(), f.during.lostShare(), f.first.lostShare(), f.second.lostShare())
				}
				judge(t, tr.name, got)
			})
		}
	}
}

func judge(t *testing.T, name string, got map[string]figures) {
	guard := got["guard"]
	switch name {
	case "waves": // are ridden out
		atMost(t, "529 answers, % of the hour", guard.all.faultShare(), .4)
		atMost(t, "requests lost in a wave, %", guard.during.lostShare(), 2)
	case "ten bad minutes": // get fewer calls, without giving up on those that succeed
		atMost(t, "calls a request", guard.during.load(), .95*got["seven sends"].during.load())
		atMost(t, "requests lost, %", guard.during.lostShare(), 35)
	case "outage": // gets a trickle
		atMost(t, "calls a request", guard.during.load(), 1)
		atMost(t, "guard's calls, as a share of six sends'", guard.during.load()/got["seven sends"].during.load(), .06)
	case "half the capacity": // is used, not flooded
		atMost(t, "calls a request", guard.during.load(), .5*got["seven sends"].during.load())
		atMost(t, "requests lost, % more than by sending once", guard.during.lostShare()-got["once"].during.lostShare(), 10)
	}
	atMost(t, "requests lost in the 1st minute after, %", guard.first.lostShare(), 25)
	atMost(t, "requests lost in the 2nd minute after, %", guard.second.lostShare(), 1)
}

func atMost(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got > want {
		t.Errorf("%s: got %.2f, want at most %.2f", what, got, want)
	}
}
