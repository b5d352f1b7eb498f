package pool

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// noon is a moment like any other, in ms since epoch.
const noon = 1_800_000_000_000

// perMinute is a quota of known limits whose burst is full.
func perMinute(limits ...int64) quota {
	q := quota{group: "g", burst: records.FullBurst, version: 1}
	copy(q.limit[:], limits)
	return q
}

// at is the quota with arrival times so many ms after noon.
func (q quota) after(ms ...int64) quota {
	for d, v := range ms {
		q.at[d] = noon + v
	}
	return q
}

func TestCost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		limit, n, costs int64
	}{
		{"a request at 60 a minute", 60, 1, 1000},
		{"the whole minute", 8000, 8000, 60_000},
		{"more than the bucket", 8000, 16_000, 120_000},
		{"rounded up", 7, 1, 8572},
		{"rounded up by a hair", 60_001, 1, 1},
		{"exact is not rounded", 60_000, 1, 1},
		{"nothing", 60, 0, 0},
		{"less than nothing", 60, -1, 0},
		{"unknown limit", 0, 1000, 0},
		{"senseless limit", -5, 1000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := perMinute(tt.limit).cost(requests, tt.n); got != tt.costs {
				t.Errorf("got %d ms, want %d", got, tt.costs)
			}
		})
	}
}

// TestCostNeverGivesAway: what a cost refills is at least what it paid for,
// and less than one ms of refill more.
func TestCostNeverGivesAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit, n := rapid.Int64Range(1, 20_000_000).Draw(t, "limit"), rapid.Int64Range(1, 10_000_000).Draw(t, "units")
		cost := perMinute(limit).cost(requests, n)
		if cost*limit < n*minute || (cost-1)*limit >= n*minute {
			t.Fatalf("%d units at %d a minute cost %d ms", n, limit, cost)
		}
	})
}

// TestCostOfNonsense: a count that no provider would take, such as a client's
// max_tokens, must not come out negative: that would be a refund.
func TestCostOfNonsense(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit, n := rapid.Int64Range(1, math.MaxInt64).Draw(t, "limit"), rapid.Int64Range(1, math.MaxInt64).Draw(t, "units")
		q := perMinute(limit)
		cost := q.cost(requests, n)
		if cost < 1 {
			t.Fatalf("%d units at %d a minute cost %d ms, want at least 1", n, limit, cost)
		}
		if at := noon + cost; at < noon {
			t.Fatalf("%d units at %d a minute overflow the arrival time", n, limit)
		}
	})
}

func TestCosts(t *testing.T) {
	t.Parallel()
	got := perMinute(60, 30_000, 0).costs([dimensions]int64{1, 1000, 500})
	if want := [dimensions]int64{1000, 2000, 0}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		burst, cost, room int64
	}{
		{"smaller than the burst", 54_000, 1000, 54_000},
		{"as large", 54_000, 54_000, 54_000},
		{"larger: its own cost", 54_000, 54_001, 54_001},
		{"nothing", 3000, 0, 3000},
	} {
		if got := (quota{burst: tt.burst}).room(tt.cost); got != tt.room {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.room)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		q     quota
		costs [dimensions]int64
		want  int64 // ms after noon
	}{
		{"nothing known", quota{burst: records.FullBurst}, [dimensions]int64{}, 0},
		{"never booked", perMinute(60, 60, 60), [dimensions]int64{1000, 1000, 0}, 0},
		{"empty long ago", perMinute(60).after(-1_000_000), [dimensions]int64{1000}, 0},
		{"fits exactly", perMinute(60).after(53_000), [dimensions]int64{1000}, 0},
		{"a millisecond short", perMinute(60).after(53_001), [dimensions]int64{1000}, 1},
		{"behind a queue", perMinute(60).after(84_000), [dimensions]int64{1000}, 31_000},
		{"the tightest dimension decides", perMinute(60, 60, 60).after(60_000, 74_000, 55_000), [dimensions]int64{1000, 1000, 0}, 21_000},
		{"free output gates on its level", perMinute(0, 0, 60).after(0, 0, 60_000), [dimensions]int64{}, 6000},
		{"an unknown limit does not", perMinute(60, 0).after(0, 900_000), [dimensions]int64{1000, 0}, 0},
		{"larger than the bucket waits until it is full", perMinute(60).after(7000), [dimensions]int64{90_000}, 7000},
		{"larger than the bucket, which is full", perMinute(60).after(-1), [dimensions]int64{90_000}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.q.start(noon, tt.costs) - noon; got != tt.want {
				t.Errorf("got %d ms from now, want %d", got, tt.want)
			}
		})
	}
}

func TestHeadroomAndLevel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		q        quota
		headroom float64
		level    int64 // of input
	}{
		{"nothing known", quota{burst: records.FullBurst}, 1, 0},
		{"full", perMinute(60, 6000).after(-5, -5), 1, 5400},
		{"half", perMinute(60, 6000).after(0, 27_000), 0.5, 2700},
		{"the tightest counts", perMinute(60, 6000).after(40_500, 27_000), 0.25, 2700},
		{"empty", perMinute(60, 6000).after(0, 54_000), 0, 0},
		{"booked into the future", perMinute(60, 6000).after(0, 64_000), 0, -1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.q.headroom(noon); math.Abs(got-tt.headroom) > 1e-9 {
				t.Errorf("headroom %v, want %v", got, tt.headroom)
			}
			if got := tt.q.level(noon, input); got != tt.level {
				t.Errorf("level %d, want %d", got, tt.level)
			}
		})
	}
}

func TestRaised(t *testing.T) {
	t.Parallel()
	q := perMinute(60, 60, 60).after(10, 20, 30)
	got := q.raised([dimensions]int64{noon + 5, noon + 25, 0})
	if want := perMinute(60, 60, 60).after(10, 25, 30); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if q != perMinute(60, 60, 60).after(10, 20, 30) {
		t.Error("the original was changed")
	}
}

func TestQuotaOf(t *testing.T) {
	t.Parallel()
	if got, want := quotaOf("g", store.Item{}), (quota{group: "g", burst: records.FullBurst}); got != want {
		t.Errorf("of no item: got %+v, want %+v", got, want)
	}
	item := store.Item{Attrs: map[string]store.Value{
		"requests_at": store.Num(1), "input_at": store.Num(2), "output_at": store.Num(3),
		"requests_limit": store.Num(4), "input_limit": store.Num(5), "output_limit": store.Num(6),
		"burst": store.Num(7000), "version": store.Num(8), "headers_at": store.Num(9),
	}}
	got := quotaOf("g", item)
	if got.at != [dimensions]int64{1, 2, 3} || got.limit != [dimensions]int64{4, 5, 6} ||
		got.burst != 7000 || got.version != 8 || got.headersAt != 9 {
		t.Errorf("got %+v", got)
	}
}
