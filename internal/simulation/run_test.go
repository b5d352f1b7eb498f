package simulation

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counting serves without a limiter and watches how it is used.
type counting struct{ busy, made *atomic.Int64 }

func (c counting) serve(_ context.Context, call *Call) error {
	if c.busy.Add(1) > c.made.Load() {
		panic("an instance serves two requests at once")
	}
	defer c.busy.Add(-1)
	return attempt(call, 0)
}

func TestInstancesAreUsedAgain(t *testing.T) {
	t.Parallel()
	var busy, made, most atomic.Int64
	l := Limiter{fleet: func(fleet) func(instance) server {
		return func(in instance) server {
			made.Add(1)
			most.Store(int64(in.number))
			return counting{&busy, &made}
		}
	}}
	s := Scenario{Length: 10 * time.Minute, Budget: time.Minute, Traffic: steady(ordinary, 1)}
	r := run(t, s.each(1, 1e9), l, 1)
	if r.Requests < 500 || r.Limited != 0 {
		t.Fatalf("got %+v", r)
	}
	// 13 are in flight on average.
	if made.Load() > 35 || made.Load() != most.Load() {
		t.Errorf("%d instances were made, the last is number %d", made.Load(), most.Load())
	}
}

func TestClocksAreSkewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := &shop{scenario: Scenario{Skew: time.Second}, seed: 1}
		const n = 2000
		sum, squares := 0.0, 0.0
		for i := range n {
			off := time.Until(shop.instance(i).now()).Seconds()
			sum, squares = sum+off, squares+off*off
		}
		if mean := sum / n; math.Abs(mean) > 0.1 {
			t.Errorf("clocks are off by %.2f s on average, want about 0", mean)
		}
		near(t, "standard deviation in seconds", math.Sqrt(squares/n), 1, 0.05)
	})
}

// 100 fit at once, and then one each 0.6 s.
func TestOracleWastesNoRoom(t *testing.T) {
	t.Parallel()
	same := shapes{input: lognormal{10_000, 0, 10_000}, bias: 1}
	s := Scenario{Length: time.Minute, Budget: 2 * time.Minute, Traffic: burst(same, 200, 0, time.Second)}
	r := run(t, s.each(1, 1_000_000), limiter(t, "oracle"), 1)
	if r.Upstream != 0 || r.Limited != 0 {
		t.Errorf("%.0f refusals for 1,000 and %.2f %% without an answer, want none", r.Upstream, r.Limited)
	}
	near(t, "longest wait", r.Wait.P99, 59, 0.03)
}

func TestQueueSendsAway(t *testing.T) {
	t.Parallel()
	same := shapes{input: lognormal{10_000, 0, 10_000}, bias: 1}
	s := Scenario{Length: time.Minute, Budget: 30 * time.Second, Traffic: burst(same, 200, 0, time.Second)}
	r := run(t, s.each(1, 1_000_000), limiter(t, "queue"), 1)
	near(t, "client 429 %", r.Limited, 25, 0.05) // 100 at once, 50 in 30 s
}
