package pool_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// Of a quota that nobody knows, so many start at once and so many a second.
	coldBurst  = 30
	coldSecond = 10
	headersAt  = 2200 * time.Millisecond // when the first answer tells; nobody looks just then
)

// unconfigured leaves the limits to the provider.
func unconfigured(c *pool.Config) { c.Limits = pool.Limits{} }

// rush is a burst onto a quota that nobody has used, and what became of it.
type rush struct {
	mu      sync.Mutex
	began   time.Time
	starts  []time.Duration
	refused int
	shed    int
}

// run sends one request for each pool, at once. Each is answered by answer,
// headersAt after its start.
func (r *rush) run(t *testing.T, pools []*pool.Pool, want pool.Want, answer func() pool.Outcome) {
	r.began = time.Now()
	together(len(pools), func(i int) {
		b, err := pools[i].Book(t.Context(), want)
		r.mu.Lock()
		if err != nil {
			r.shed++
		} else {
			r.starts = append(r.starts, time.Since(r.began))
		}
		r.mu.Unlock()
		if err != nil {
			return
		}
		o := answer()
		time.Sleep(headersAt)
		if o.Fault != nil {
			r.mu.Lock()
			r.refused++
			r.mu.Unlock()
		}
		b.Learn(t.Context(), o)
		time.Sleep(time.Second)
		b.Settle(t.Context(), upstream.Usage{InputTokens: want.Input, OutputTokens: 10})
	})
}

// by counts the starts before a moment.
func (r *rush) by(d time.Duration) (n int) {
	for _, at := range r.starts {
		if at < d {
			n++
		}
	}
	return n
}

// last is when the last one started.
func (r *rush) last() (last time.Duration) {
	for _, at := range r.starts {
		last = max(last, at)
	}
	return last
}

// answers are a provider's that has these limits.
func (v *vendor) answers(need quota.Need) func() pool.Outcome {
	return func() pool.Outcome {
		short, ok := v.group.Admit(need, time.Now())
		o := pool.Outcome{Signals: v.headers()}
		if !ok {
			o.Fault = &upstream.Fault{Class: upstream.RateLimit, Status: 429, RetryAfter: short.Wait}
		}
		return o
	}
}

func TestColdBurst(t *testing.T) {
	t.Parallel()
	const n = 500
	tests := []struct {
		name   string
		want   pool.Want
		limits quota.Limits // none: the provider tells nothing
		few    int          // refused at most
		within time.Duration
	}{
		{"limits are told", ask(sonnet), quota.Limits{Requests: 600, InputTokens: 10_000_000}, 0, 5 * time.Second},
		// Those under way were booked at a fifth of what they turn out to cost.
		{"tight ones", ask(sonnet), quota.Limits{Requests: 120, InputTokens: 10_000_000}, 8, 210 * time.Second},
		{"nothing is told", ask(sonnet), quota.Limits{}, 0, headersAt + 2*time.Second},
		{"a batch", batch(), quota.Limits{Requests: 600}, 0, 15 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(tt.limits)
				table := newFaulty()
				table.Delay(5 * time.Millisecond)
				pools := fleetOf(table, n, waits(10*time.Minute), unconfigured)
				tt.want.Input = 1000
				var r rush
				r.run(t, pools, tt.want, v.answers(quota.Need{Requests: 1, InputTokens: 1000}))
				if first, most := r.by(headersAt), coldBurst+coldSecond*int(headersAt.Milliseconds())/1000; first > most+2 || first < coldBurst*2/3 {
					t.Errorf("%d started before anything was known, want about %d", first, most)
				}
				if r.refused > tt.few || r.shed > 0 {
					t.Errorf("%d of %d were refused, %d sent away, want at most %d and none", r.refused, n, r.shed, tt.few)
				}
				if r.last() > tt.within {
					t.Errorf("the last started after %v, want %v at most", r.last(), tt.within)
				}
				_, _, writes := table.Calls()
				t.Logf("%d before the first answer, the last after %v, %.1f calls and %.1f writes a request",
					r.by(headersAt), r.last(), float64(calls(table))/n, float64(writes)/n)
				changes := record(t, table, quotaOfKey).Int("version")
				if changes > 3 {
					t.Errorf("the limits changed %d times, want once or little more: each time sends all who wait back", changes)
				}
			})
		})
	}
}

// TestColdAndNeverAnsweredWell: nothing is learned from a provider that does
// not answer. It gets what an unknown one gets, and everybody is told in time.
func TestColdAndNeverAnsweredWell(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault upstream.Fault
	}{
		{"time-outs", upstream.Fault{Class: upstream.Timeout}},
		{"server errors", upstream.Fault{Class: upstream.Provider, Status: 500}},
		{"refused connections", upstream.Fault{Class: upstream.Connect}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				const n, patience = 400, 20 * time.Second
				pools := fleetOf(table, n, waits(patience), unconfigured)
				var r rush
				r.run(t, pools, ask(sonnet), func() pool.Outcome { return pool.Outcome{Fault: &tt.fault} })
				if took := time.Since(r.began); took > patience+5*time.Second {
					t.Errorf("it took %v until everybody knew, want little more than %v", took, patience)
				}
				// What a refusal gives back may be used again, but no faster
				// than the provider refuses.
				for at := range 20 {
					from, to := time.Duration(at)*time.Second, time.Duration(at+2)*time.Second
					if got, most := r.by(to)-r.by(from), 2*coldBurst+2*coldSecond+2; got > most {
						t.Errorf("%d started between %v and %v, want at most %d", got, from, to, most)
					}
				}
				if len(r.starts)+r.shed != n || r.shed == 0 {
					t.Errorf("%d started and %d were sent away, want all %d, and not all started", len(r.starts), r.shed, n)
				}
			})
		})
	}
}

// TestColdWaitersAreWoken: in the process that got the first answer nobody
// waits for the next look.
func TestColdWaitersAreWoken(t *testing.T) {
	t.Parallel()
	for _, limits := range []quota.Limits{{Requests: 6000}, {}} {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(limits)
			table := newFaulty()
			p := newPool(table, keys(1), waits(time.Minute), unconfigured)
			pools := make([]*pool.Pool, 200)
			for i := range pools {
				pools[i] = p
			}
			var r rush
			r.run(t, pools, ask(sonnet), v.answers(quota.Need{Requests: 1}))
			if late := r.last() - headersAt; late > 2*scoutHold {
				t.Errorf("%+v: the last started %v after the first answer, want at once", limits, late)
			}
			if r.refused > 0 || r.shed > 0 {
				t.Errorf("%+v: %d refused, %d sent away", limits, r.refused, r.shed)
			}
		})
	}
}

// TestColdWithoutAStore: what cannot be written is known here all the same.
func TestColdWithoutAStore(t *testing.T) {
	t.Parallel()
	for _, limits := range []quota.Limits{{Requests: 6000}, {}} {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(limits)
			table := newFaulty()
			table.Down(true)
			p := newPool(table, keys(1), waits(time.Minute), unconfigured)
			pools := make([]*pool.Pool, 200)
			for i := range pools {
				pools[i] = p
			}
			var r rush
			r.run(t, pools, ask(sonnet), v.answers(quota.Need{Requests: 1}))
			if late := r.last() - headersAt; late > 2*scoutHold {
				t.Errorf("%+v: the last started %v after the first answer, want at once", limits, late)
			}
			table.Down(false)
			time.Sleep(10 * time.Second) // and the breaker has closed
			r.run(t, pools[:100], ask(sonnet), v.answers(quota.Need{Requests: 1}))
			if limits.Requests > 0 {
				if got := record(t, table, quotaOfKey).Int("requests_limit"); got != limits.Requests {
					t.Errorf("the store says %d a minute when it is back, want what the provider told", got)
				}
			}
			if r.refused > 0 || r.shed > 0 {
				t.Errorf("%+v: %d refused, %d sent away", limits, r.refused, r.shed)
			}
		})
	}
}

// TestColdWaitingIsBounded counts what those who wait for the first answer ask
// of the store.
func TestColdWaitingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := storetest.NewFaulty(newFaulty())
		const n, patience = 100, 10 * time.Second
		pools := fleetOf(table, n, waits(patience), unconfigured)
		together(n, func(i int) { _, _ = pools[i].Book(t.Context(), ask(sonnet)) }) // nobody is answered
		// On arrival, and after each coldLook of 0.5 to 1 s: a read and, for one
		// of them, a write.
		if got, most := calls(table), int64(n*(3+2*int(patience/(500*time.Millisecond)))); got > most {
			t.Errorf("%d calls of the store, want at most %d", got, most)
		}
	})
}

// TestColdOnesAreCountedWhenLimitsAreTold: the first answer's headers know only
// what the provider had taken by then, and the others that are under way were
// booked when nobody could price them. Those who wait in the same process must
// not be sent where these already are.
func TestColdOnesAreCountedWhenLimitsAreTold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		owner string
	}{
		{"the key's own quota", ""},
		{"the quota of an organisation that the answer names", rawOwner},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(quota.Limits{Requests: 6000, InputTokens: 1_000_000})
				answers := v.answers(quota.Need{Requests: 1, InputTokens: 10_000})
				p := newPool(newFaulty(), keys(1), waits(10*time.Minute), unconfigured)
				pools := make([]*pool.Pool, 300)
				for i := range pools {
					pools[i] = p
				}
				want := ask(sonnet)
				want.Input = 10_000
				var r rush
				r.run(t, pools, want, func() pool.Outcome {
					o := answers()
					o.Signals.Owner = tt.owner
					return o
				})
				if r.refused > 0 || r.shed > 0 {
					t.Errorf("%d refused, %d sent away, want none", r.refused, r.shed)
				}
				// 3,000,000 tokens; the bucket holds 1,000,000, of which 900,000 are used at once.
				if last := r.last(); last > 150*time.Second {
					t.Errorf("the last started after %v, want 150 s at most", last)
				}
				t.Logf("%d before the first answer, the last after %v", r.by(headersAt), r.last())
			})
		})
	}
}

// TestWhatIsUnderWayIsForgottenWithItsClock: a clock that is set back leaves the
// arrival times of what was under way far in the future, where nobody waits.
func TestWhatIsUnderWayIsForgottenWithItsClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ahead := 2 * time.Hour
		v := newVendor(quota.Limits{Requests: 6000, InputTokens: 1_000_000})
		answers := v.answers(quota.Need{Requests: 1, InputTokens: 10_000})
		p := newPool(newFaulty(), keys(1), waits(time.Minute), unconfigured, clock(func() time.Time { return time.Now().Add(ahead) }))
		want := ask(sonnet)
		want.Input = 10_000
		var sent []*pool.Booking
		for range 5 {
			sent = append(sent, book(t, p, want))
		}
		sent[0].Learn(t.Context(), answers())
		sent[0].Settle(t.Context(), upstream.Usage{InputTokens: want.Input})
		ahead = 0
		if b := book(t, p, want); b.Waited > 0 {
			t.Errorf("waited %v after the clock was set back, want 0", b.Waited)
		}
	})
}
