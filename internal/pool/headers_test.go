package pool

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func says(l ...upstream.Limit) upstream.Signals { return upstream.Signals{Limits: l} }

func TestListen(t *testing.T) {
	t.Parallel()
	req := upstream.Limit{Dimension: upstream.Requests, PerMinute: 50, Remaining: 49}
	in := upstream.Limit{Dimension: upstream.InputTokens, PerMinute: 30_000, Remaining: 29_000}
	out := upstream.Limit{Dimension: upstream.OutputTokens, PerMinute: 8000, Remaining: 7000}
	both := upstream.Limit{Dimension: upstream.Tokens, PerMinute: 38_000, Remaining: 10_000}
	tests := []struct {
		name      string
		signals   upstream.Signals
		limit     [dimensions]int64
		remaining [dimensions]int64
	}{
		{"nothing", says(), [dimensions]int64{}, [dimensions]int64{}},
		{"all three", says(req, in, out), [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{49, 29_000, 7000}},
		{"tokens alone are input", says(req, both), [dimensions]int64{50, 38_000, 0}, [dimensions]int64{49, 10_000, 0}},
		{"the specific one counts, first", says(in, both), [dimensions]int64{0, 30_000, 0}, [dimensions]int64{0, 29_000, 0}},
		{"the specific one counts, last", says(both, in), [dimensions]int64{0, 30_000, 0}, [dimensions]int64{0, 29_000, 0}},
		{"a limit of nothing is none", says(upstream.Limit{Dimension: upstream.Requests}), [dimensions]int64{}, [dimensions]int64{}},
		{"an unknown dimension", says(upstream.Limit{Dimension: "images", PerMinute: 5}), [dimensions]int64{}, [dimensions]int64{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := listen(tt.signals, time.UnixMilli(noon))
			if want := (told{at: noon, wild: noon + farAhead, limit: tt.limit, remaining: tt.remaining}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if got.silent() != (tt.limit == [dimensions]int64{}) {
				t.Errorf("silent: got %v", got.silent())
			}
		})
	}
}

func TestToldLimits(t *testing.T) {
	t.Parallel()
	told := told{at: noon, limit: [dimensions]int64{30, 60_000, 0}}
	known := func(headersAt int64, limits ...int64) quota {
		q := perMinute(limits...)
		q.headersAt = headersAt
		return q
	}
	tests := []struct {
		name          string
		known, stands quota
		asks, won     bool
		want          quota
	}{
		{"the first", quota{burst: records.FullBurst}, quota{burst: records.FullBurst}, true, true, known(noon, 30, 60_000)},
		{"as known", known(5, 30, 60_000), quota{}, false, false, quota{}},
		{"one differs", known(5, 60, 60_000), known(5, 60, 60_000), true, true, func() quota { q := known(noon, 30, 60_000); q.version = 2; return q }()},
		{"what it does not tell of stays", known(5, 60, 60_000, 8000), known(5, 60, 60_000, 8000), true, true, func() quota { q := known(noon, 30, 60_000, 8000); q.version = 2; return q }()},
		{"older than known", known(noon, 60), quota{}, false, false, quota{}},
		{"older than what stands", known(5, 60), known(noon, 60), true, false, known(noon, 60)},
		{"it stands already", known(5, 60), func() quota { q := known(noon, 30, 60_000); q.version = 2; return q }(), true, false, func() quota { q := known(noon, 30, 60_000); q.version = 2; return q }()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			change, asks := told.limits(tt.known)
			if asks != tt.asks {
				t.Fatalf("asks the store: got %v, want %v", asks, tt.asks)
			}
			if !asks {
				return
			}
			item, won := apply(t, tt.stands.item(), change)
			tt.want.group = "g"
			if got := quotaOf("g", item); won != tt.won || got != tt.want {
				t.Errorf("won %v, %+v; want %v, %+v", won, got, tt.won, tt.want)
			}
			if again, won := apply(t, item, change); won || quotaOf("g", again) != tt.want {
				t.Errorf("applied a second time: %v, %v", won, again)
			}
		})
	}
}

func TestImplied(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name             string
		limit, remaining int64
		burst            int64
		want             int64 // ms after noon, of requests
	}{
		{"nothing left", 60, 0, records.FullBurst, 53_000},
		{"half left", 60, 30, records.FullBurst, 23_000},
		{"all left", 60, 60, records.FullBurst, -7000},
		{"a smaller burst", 60, 0, leastBurst, 2000},
		{"nothing told", 0, 0, records.FullBurst, -noon},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			told := told{at: noon, limit: [dimensions]int64{tt.limit}, remaining: [dimensions]int64{tt.remaining}}
			if got := told.implied(quota{burst: tt.burst})[requests] - noon; got != tt.want {
				t.Errorf("got %d ms after noon, want %d", got, tt.want)
			}
		})
	}
}

// TestImpliedIsNoExcuse: what headers imply never keeps a request away longer
// than the provider's bucket needs to hold it.
func TestImpliedIsNoExcuse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(100, 1_000_000).Draw(t, "limit")
		remaining := rapid.Int64Range(0, limit).Draw(t, "remaining")
		burst := rapid.Int64Range(leastBurst, records.FullBurst).Draw(t, "burst")
		q := perMinute(0, limit)
		q.burst = burst
		n := rapid.Int64Range(1, limit*burst/minute).Draw(t, "tokens")
		told := told{at: noon, limit: q.limit, remaining: [dimensions]int64{0, remaining}}
		costs := [dimensions]int64{0, q.cost(input, n)}
		wait := q.raised(told.implied(q)).start(noon, costs) - noon
		needed := max(0, q.cost(input, n-remaining))
		if wait > needed+1 {
			t.Fatalf("waits %d ms for %d tokens with %d left of %d, the provider %d ms", wait, n, remaining, limit, needed)
		}
		if rounded := (slack[input]*minute)/limit + 2; wait < needed-rounded {
			t.Fatalf("waits %d ms for %d tokens with %d left of %d, the provider %d ms and rounds by at most %d", wait, n, remaining, limit, needed, rounded)
		}
	})
}

func TestExplains(t *testing.T) {
	t.Parallel()
	need := [dimensions]int64{1, 5000, 0}
	tests := []struct {
		name             string
		limit, remaining [dimensions]int64
		want             bool
	}{
		{"silence", [dimensions]int64{}, [dimensions]int64{}, false},
		{"no requests left", [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{0, 30_000, 8000}, true},
		{"too few tokens", [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{9, 4000, 8000}, true},
		{"no output left", [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{9, 30_000, 0}, true},
		{"room for all", [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{9, 30_000, 1000}, false},
		// 4600 is shown as 5000: providers round.
		{"enough only by rounding", [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{9, 5000, 8000}, true},
		{"output only by rounding", [dimensions]int64{50, 30_000, 8000}, [dimensions]int64{9, 30_000, 500}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (told{limit: tt.limit, remaining: tt.remaining}).explains(need); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		stands quota
		won    bool
		at     int64
	}{
		{"raises", perMinute(60).after(5), true, 9},
		{"sets what was never booked", perMinute(60), true, 9},
		{"changes nothing twice", perMinute(60).after(9), false, 9},
		{"never lowers", perMinute(60).after(10), false, 10},
	} {
		item, won := apply(t, tt.stands.item(), drain(requests, noon+9))
		if got := quotaOf("g", item).at[requests] - noon; won != tt.won || got != tt.at {
			t.Errorf("%s: won %v, %d ms; want %v, %d", tt.name, won, got, tt.won, tt.at)
		}
	}
}

// TestHeadersAreAJoin: the same headers in any order and number give the same
// arrival times, and none is ever lower than before.
func TestHeadersAreAJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := perMinute(60, 60_000, 6000).after(rapid.Int64Range(-90_000, 90_000).Draw(t, "requests"), 0, 0)
		headers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) told {
			return told{
				at: noon + rapid.Int64Range(-30_000, 30_000).Draw(t, "at"), limit: q.limit,
				remaining: [dimensions]int64{
					rapid.Int64Range(0, 60).Draw(t, "requests"), rapid.Int64Range(0, 60_000).Draw(t, "input"),
					rapid.Int64Range(0, 6000).Draw(t, "output"),
				},
			}
		}), 1, 6).Draw(t, "headers")
		merge := func(seen []told) store.Item {
			item := q.item()
			for _, h := range seen {
				for d, at := range h.implied(q) {
					before := quotaOf("g", item).at[d]
					r, err := store.Apply(item, drain(dimension(d), at))
					if err != nil {
						t.Fatal(err)
					}
					if item = r.Item; quotaOf("g", item).at[d] < before {
						t.Fatalf("%+v lowered %s from %d", h, attrAt[d], before)
					}
				}
			}
			return item
		}
		want := quotaOf("g", merge(headers)).at
		// Any order, each at least once, some more often.
		again := rapid.Permutation(append(headers, rapid.SliceOf(rapid.SampledFrom(headers)).Draw(t, "repeated")...)).Draw(t, "order")
		if got := quotaOf("g", merge(again)).at; got != want {
			t.Fatalf("got %v, want %v as in the first order", got, want)
		}
		here := q
		for _, h := range again {
			here = here.raised(h.implied(q))
		}
		if here.at != want {
			t.Fatalf("in memory %v, in the store %v", here.at, want)
		}
	})
}
