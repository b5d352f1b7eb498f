package pool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const keyRecord = "key#key-1"

// answer learns and settles.
func answer(t *testing.T, p *pool.Pool, o pool.Outcome) {
	t.Helper()
	b := book(t, p, ask(sonnet))
	b.Learn(t.Context(), o)
	b.Settle(t.Context(), upstream.Usage{})
}

func failed(class upstream.Class) pool.Outcome {
	return pool.Outcome{Fault: &upstream.Fault{Class: class, RetryAfter: time.Millisecond}}
}

// soon makes instances write their counts at once.
var soon = random(func() float64 { return 1 })

func TestCountersReachTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		here, there := newPool(table, keys(1), soon), newPool(table, keys(1), soon)
		want := func(ok, refused int64) {
			t.Helper()
			r := record(t, table, keyRecord)
			if r.Int(records.AttrOK) != ok || r.Int(records.AttrRefused) != refused {
				t.Errorf("counts %d taken and %d refused, want %d and %d", r.Int(records.AttrOK), r.Int(records.AttrRefused), ok, refused)
			}
		}
		answer(t, here, pool.Outcome{})
		want(1, 0)
		for range 5 {
			answer(t, here, pool.Outcome{})
		}
		answer(t, here, failed(upstream.Overload)) // counts for neither
		answer(t, here, failed(upstream.Client))
		answer(t, here, failed(upstream.RateLimit))
		want(1, 0) // not yet ten seconds
		time.Sleep(10 * time.Second)
		answer(t, there, pool.Outcome{})
		want(2, 0)
		answer(t, here, pool.Outcome{})
		want(8, 1)
		_, _, before := table.Calls()
		for range 100 {
			answer(t, here, pool.Outcome{})
		}
		if _, _, after := table.Calls(); after-before != 100+2 {
			t.Errorf("%d writes within ten seconds, want the 100 reservations and one for 50 answers", after-before)
		}
	})
}

func TestNothingToCount(t *testing.T) {
	t.Parallel()
	table := newFaulty()
	answer(t, newPool(table, keys(1)), failed(upstream.Overload))
	if _, _, updates := table.Calls(); updates != 1 {
		t.Errorf("%d writes for an overload, want the reservation's only", updates)
	}
}

func TestLastError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		p := newPool(table, keys(1))
		answer(t, p, failed(upstream.RateLimit))
		at := time.Now().UnixMilli()
		r := record(t, table, keyRecord)
		if got, want := r.Str(records.AttrError), "provider said rate_limit, retry after 0s"; got != want || r.Int(records.AttrErrorAt) != at {
			t.Errorf("got %q at %d, want %q at %d", got, r.Int(records.AttrErrorAt), want, at)
		}
		time.Sleep(time.Minute)
		answer(t, p, failed(upstream.Timeout))
		answer(t, p, pool.Outcome{})
		if got := record(t, table, keyRecord).Int(records.AttrErrorAt); got != at {
			t.Errorf("the last error is now of %d, want the refusal's %d kept", got, at)
		}
	})
}

func TestHeadroom(t *testing.T) {
	t.Parallel()
	limits := func(l ...upstream.Limit) upstream.Signals { return upstream.Signals{Limits: l} }
	tests := []struct {
		name    string
		signals upstream.Signals
		want    int64 // thousandths; -1 for none
	}{
		{"nothing said", limits(), -1},
		{"one dimension", limits(upstream.Limit{PerMinute: 50, Remaining: 20}), 400},
		{"the tightest", limits(upstream.Limit{PerMinute: 50, Remaining: 50}, upstream.Limit{PerMinute: 30_000, Remaining: 1_000}, upstream.Limit{PerMinute: 10, Remaining: 9}), 33},
		{"empty", limits(upstream.Limit{PerMinute: 50}), 0},
		{"more than the limit", limits(upstream.Limit{PerMinute: 50, Remaining: 70}), 1000},
		{"a limit of zero says nothing", limits(upstream.Limit{PerMinute: 0, Remaining: 3}), -1},
		{"nor does it hide another", limits(upstream.Limit{}, upstream.Limit{PerMinute: 4, Remaining: 1}), 250},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := embedded.NewMemory()
				answer(t, newPool(table, keys(1), soon), pool.Outcome{Signals: tt.signals})
				r := record(t, table, keyRecord)
				if tt.want < 0 {
					if r.Has(records.AttrHeadroom) || r.Has(records.AttrHeadAt) {
						t.Errorf("got %d, want no headroom", r.Int(records.AttrHeadroom))
					}
					return
				}
				if got := r.Int(records.AttrHeadroom); got != tt.want || r.Int(records.AttrHeadAt) != time.Now().UnixMilli() {
					t.Errorf("got %d at %d, want %d now", got, r.Int(records.AttrHeadAt), tt.want)
				}
			})
		})
	}
}

func TestFlushWithAClockSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var back time.Duration
		table := embedded.NewMemory()
		p := newPool(table, keys(1), soon, clock(func() time.Time { return time.Now().Add(-back).Round(0) }))
		answer(t, p, pool.Outcome{})
		back = time.Hour
		answer(t, p, pool.Outcome{})
		if got := record(t, table, keyRecord).Int(records.AttrOK); got != 2 {
			t.Errorf("counts %d, want 2: an hour's step back must not mean an hour without counts", got)
		}
	})
}
