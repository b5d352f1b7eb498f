package pool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestOneWrongClock: an instance whose clock is an hour off does not close the
// quota to the others, nor they to it.
func TestOneWrongClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour} {
		for name, want := range map[string]pool.Want{"interactive": ask(sonnet), "batch": batch()} {
			t.Run(off.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					table := embedded.NewMemory()
					limits60(t, table)
					wrong, right := newPool(table, keys(1), skewed(off), waits(5*time.Second)), newPool(table, keys(1), waits(5*time.Second))
					for i := range 20 {
						for who, p := range map[string]*pool.Pool{"wrong": wrong, "right": right} {
							if b, err := p.Book(t.Context(), want); err != nil || b.Waited > 0 {
								t.Fatalf("round %d: the one whose clock is %s got %+v, %v; want a start at once", i, who, b, err)
							}
						}
						time.Sleep(3 * time.Second)
					}
				})
			})
		}
	}
}

// TestWrongClockInALine: neither do its tickets hold up a batch.
func TestWrongClockInALine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		limits60(t, table)
		wrong, right := newPool(table, keys(1), skewed(time.Hour), waits(time.Minute)), newPool(table, keys(1), waits(time.Minute))
		fill(t, wrong, batch())
		together(3, func(int) { book(t, wrong, batch()) }) // take tickets, an hour ahead
		fill(t, right, batch())
		began := time.Now()
		together(3, func(int) { book(t, right, batch()) })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("three batch requests took %v after a clock an hour ahead, want their 3s or little more", took)
		}
	})
}

// TestWrongClockTellsLimits: what it has learned is not the newest for an hour.
func TestWrongClockTellsLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := embedded.NewMemory()
		wrong, right := newPool(table, keys(1), skewed(time.Hour)), newPool(table, keys(1))
		v.request(t, wrong, size{})
		v.group.Scale(0.5, time.Now())
		v.request(t, right, size{})
		if got := record(t, table, quotaOfKey).Int("requests_limit"); got != 30 {
			t.Errorf("got %d a minute, want the 30 told last", got)
		}
	})
}

// TestClockSetBack: what this instance booked and heard by a clock that was
// ahead does not keep it from booking when the clock is right again.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		limits60(t, table)
		ahead := time.Hour
		p := newPool(table, keys(1), waits(5*time.Second), clock(func() time.Time { return time.Now().Add(ahead) }))
		b := book(t, p, ask(sonnet))
		b.Learn(t.Context(), drained)
		b.Settle(t.Context(), upstream.Usage{})
		fill(t, p, ask(sonnet)) // headers may be off by one
		if got := exhaustedFor(t, p); got < time.Second/2 || got > time.Minute {
			t.Fatalf("sent away for %v when the provider has nothing left, want seconds", got)
		}
		ahead = 0
		if b, err := p.Book(t.Context(), ask(sonnet)); err != nil || b.Waited > 0 {
			t.Errorf("after the clock was set back: got %+v, %v; want a start at once", b, err)
		}
		b = book(t, p, ask(sonnet))
		b.Learn(t.Context(), drained)
		b.Settle(t.Context(), upstream.Usage{})
		fill(t, p, ask(sonnet))
		if got := exhaustedFor(t, p); got < time.Second/2 || got > time.Minute {
			t.Errorf("sent away for %v, want what headers tell by the right clock to count", got)
		}
	})
}

// exhaustedFor is when a request without patience is to come back; 0 if it is
// not sent away.
func exhaustedFor(t *testing.T, p *pool.Pool) time.Duration {
	t.Helper()
	want := ask(sonnet)
	want.Waited = time.Hour
	return exhausted(t, p, want).RetryAfter
}

// TestFleetWithAWrongClock: the provider's headers make up for what a wrong
// clock makes the others forget.
func TestFleetWithAWrongClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(quota.Limits{Requests: 60})
		table := newFaulty()
		pools := append(fleetOf(table, 4, waits(2*time.Minute)), newPool(table, keys(1), skewed(time.Hour), waits(2*time.Minute)))
		const n = 200
		steady(n, 1100*time.Millisecond, func(i int) { v.request(t, pools[i%len(pools)], size{}) })
		t.Logf("%d of %d refused", v.refused, n)
		if v.refused > n/50 {
			t.Errorf("%d of %d were refused, want few", v.refused, n)
		}
	})
}

// drained is an answer that took the last of 60 requests a minute.
var drained = pool.Outcome{Signals: upstream.Signals{Limits: []upstream.Limit{{Dimension: upstream.Requests, PerMinute: 60}}}}
