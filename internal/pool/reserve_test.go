package pool

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// item is the record that a quota stands for.
func (q quota) item() store.Item {
	i := store.Item{Key: store.Key{Partition: "p", Sort: "quota#g#f"}, Attrs: map[string]store.Value{}}
	put := func(attr string, n int64) {
		if n != 0 {
			i.Attrs[attr] = store.Num(n)
		}
	}
	for d := range dimensions {
		put(attrAt[d], q.at[d])
		put(attrLimit[d], q.limit[d])
	}
	put(records.AttrBurst, q.burst)
	put(records.AttrVersion, q.version)
	put(records.AttrHeadersAt, q.headersAt)
	return i
}

// rests puts a rest into the item of a quota.
func (q quota) rests(until int64, quarantine int64) store.Item {
	i := q.item()
	i.Attrs["until"], i.Attrs["quarantine"] = store.Num(until), store.Num(quarantine)
	return i
}

// apply makes a change to an item, as a store does.
func apply(t testing.TB, i store.Item, c store.Change) (store.Item, bool) {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatalf("no store takes %+v: %v", c, err)
	}
	r, err := store.Apply(i, c)
	if err != nil {
		t.Fatalf("Apply(%+v): %v", c, err)
	}
	return r.Item, r.Applied
}

// try is one request's attempt to reserve.
type try struct {
	costs, implied [dimensions]int64
	delay          int64
	probe          bool
}

func (r try) reservation(now int64) reservation {
	got := reservation{now: now, implied: r.implied, probe: r.probe}
	return got.with(&guest{costs: r.costs, delay: r.delay}, true)
}

// TestReserve holds every condition of a reservation: what is known decides
// the branch, what stands in the store decides whether it is applied.
func TestReserve(t *testing.T) {
	t.Parallel()
	one := [dimensions]int64{1000}
	tests := []struct {
		name   string
		r      try // at noon
		known  quota
		stands store.Item
		fits   bool // whether the store is asked
		won    bool
		at     int64 // of requests afterwards, ms after noon
		begins int64 // ms after noon
	}{
		{"an idle bucket is set", try{costs: one}, perMinute(60), perMinute(60).item(), true, true, 1000, 0},
		{"one that was used long ago too", try{costs: one}, perMinute(60).after(-3001), perMinute(60).after(-3001).item(), true, true, 1000, 0},
		{"a busy bucket is added to", try{costs: one}, perMinute(60).after(5000), perMinute(60).after(5000).item(), true, true, 6000, 0},
		{"slightly idle counts as busy", try{costs: one}, perMinute(60).after(-3000), perMinute(60).after(-3000).item(), true, true, -2000, 0},
		{"busier than known", try{costs: one}, perMinute(60).after(5000), perMinute(60).after(40_000).item(), true, true, 41_000, 0},
		{"the last that fits", try{costs: one}, perMinute(60).after(0), perMinute(60).after(53_000).item(), true, true, 54_000, 0},
		{"the first that does not", try{costs: one}, perMinute(60).after(0), perMinute(60).after(53_001).item(), true, false, 53_001, 0},
		{"known not to fit", try{costs: one}, perMinute(60).after(53_001), perMinute(60).item(), false, false, 0, 0},
		{"known to fit within the delay", try{costs: one, delay: 10_000}, perMinute(60).after(63_000), perMinute(60).after(63_000).item(), true, true, 64_000, 10_000},
		{"beyond the delay", try{costs: one, delay: 10_000}, perMinute(60).after(63_000), perMinute(60).after(63_001).item(), true, false, 63_001, 0},
		{"known to be beyond the delay", try{costs: one, delay: 9_999}, perMinute(60).after(63_000), perMinute(60).item(), false, false, 0, 0},

		{"idle here, busy there", try{costs: one}, perMinute(60), perMinute(60).after(1).item(), true, false, 1, 0},
		{"idle here, just so there", try{costs: one}, perMinute(60), perMinute(60).after(0).item(), true, true, 1000, 0},
		{"busy here, idle there", try{costs: one}, perMinute(60).after(0), perMinute(60).after(-3001).item(), true, false, -3001, 0},
		{"busy here, never booked there", try{costs: one}, perMinute(60).after(0), perMinute(60).item(), true, false, -noon, 0},

		{"priced with old limits", try{costs: one}, perMinute(60), func() store.Item { q := perMinute(30); q.version = 2; return q.item() }(), true, false, -noon, 0},
		{"without limits where there are some", try{}, quota{burst: records.FullBurst}, perMinute(60).item(), true, false, -noon, 0},
		{"without limits where there are none", try{}, quota{burst: records.FullBurst}, store.Item{}, true, true, -noon, 0},

		{"the group rests", try{costs: one}, perMinute(60), perMinute(60).rests(noon+1, 0), true, false, -noon, 0},
		{"it has rested", try{costs: one}, perMinute(60), perMinute(60).rests(noon, 0), true, true, 1000, 0},
		{"it rests, and the request would begin later", try{costs: one, delay: 5000}, perMinute(60), perMinute(60).rests(noon+1, 0), true, false, -noon, 0},
		{"in quarantine", try{costs: one}, perMinute(60), perMinute(60).rests(noon, 1), true, false, -noon, 0},
		{"in quarantine, as its probe", try{costs: one, probe: true}, perMinute(60), perMinute(60).rests(noon, 1), true, true, 1000, 0},
		{"a probe before its time", try{costs: one, probe: true}, perMinute(60), perMinute(60).rests(noon+1, 1), true, false, -noon, 0},

		{"headers told of a drain: idle", try{costs: one, implied: [dimensions]int64{noon + 20_000}}, perMinute(60), perMinute(60).item(), true, true, 21_000, 0},
		{"headers told of a drain: busy, not as busy", try{costs: one, implied: [dimensions]int64{noon + 20_000}}, perMinute(60).after(15_000), perMinute(60).after(15_000).item(), true, true, 21_000, 0},
		{"headers told of a drain: busy, a little less", try{costs: one, implied: [dimensions]int64{noon + 20_000}}, perMinute(60).after(18_000), perMinute(60).after(18_000).item(), true, true, 21_000, 0},
		{"headers told of a drain: busier", try{costs: one, implied: [dimensions]int64{noon + 20_000}}, perMinute(60).after(21_000), perMinute(60).after(21_000).item(), true, true, 22_000, 0},
		{"headers told of a drain: no room", try{costs: one, implied: [dimensions]int64{noon + 53_001}}, perMinute(60), perMinute(60).item(), false, false, 0, 0},
		{"headers told of an older state", try{costs: one, implied: [dimensions]int64{noon - 20_000}}, perMinute(60).after(2), perMinute(60).after(2).item(), true, true, 1002, 0},

		{"larger than the bucket, full", try{costs: [dimensions]int64{90_000}}, perMinute(60), perMinute(60).item(), true, true, 90_000, 0},
		{"larger than the bucket, not full", try{costs: [dimensions]int64{90_000}}, perMinute(60).after(1), perMinute(60).item(), false, false, 0, 0},
		{"larger than the bucket, later", try{costs: [dimensions]int64{90_000}, delay: 1}, perMinute(60).after(1), perMinute(60).after(1).item(), true, true, 90_001, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := tt.r.reservation(noon)
			change, fits := r.change(tt.known)
			if fits != tt.fits {
				t.Fatalf("fits: got %v, want %v", fits, tt.fits)
			}
			if !fits {
				return
			}
			item, won := apply(t, tt.stands, change)
			after := quotaOf("g", item)
			if won != tt.won || after.at[requests] != noon+tt.at {
				t.Errorf("won %v, %d ms after noon; want %v, %d", won, after.at[requests]-noon, tt.won, tt.at)
			}
			if begins := begins(r, after, tt.r.costs) - noon; won && begins != tt.begins {
				t.Errorf("begins %d ms after noon, want %d", begins, tt.begins)
			}
		})
	}
}

// TestReserveAllOrNothing: one dimension without room holds up the others.
func TestReserveAllOrNothing(t *testing.T) {
	t.Parallel()
	r := try{costs: [dimensions]int64{1000, 5000, 0}}.reservation(noon)
	known := perMinute(60, 6000, 600).after(0, 0, 0)
	for name, full := range map[string]quota{
		"requests": perMinute(60, 6000, 600).after(53_500, 0, 0),
		"input":    perMinute(60, 6000, 600).after(0, 50_000, 0),
		"output":   perMinute(60, 6000, 600).after(0, 0, 54_001),
	} {
		change, fits := r.change(known)
		if !fits {
			t.Fatalf("%s: does not fit what is known", name)
		}
		item, won := apply(t, full.item(), change)
		if won || quotaOf("g", item) != full {
			t.Errorf("%s full: won %v, %+v; want nothing changed", name, won, item)
		}
		if _, fits := r.change(full); fits {
			t.Errorf("%s known to be full: the store would be asked", name)
		}
	}
	item, won := apply(t, known.item(), func() store.Change { c, _ := r.change(known); return c }())
	if got := quotaOf("g", item).at; !won || got != [dimensions]int64{noon + 1000, noon + 5000, noon} {
		t.Errorf("with room: won %v, %v; want all charged, output not", won, got)
	}
}

// TestReserveIsNeverMadeTwiceByTheStore: a store repeats only what has no
// addition, and a reservation made twice would be two.
func TestReserveIsNeverMadeTwiceByTheStore(t *testing.T) {
	t.Parallel()
	for _, q := range []quota{{burst: records.FullBurst}, perMinute(60), perMinute(60).after(10)} {
		change, _ := try{costs: [dimensions]int64{1000}}.reservation(noon).change(q)
		if !change.HasAdd() {
			t.Errorf("%+v may be repeated", change)
		}
	}
}

// TestWaitingInOneDimensionIsChargedWhereItStarts: a request that waits for
// tokens does not use up the requests of the minute in which it was booked but
// of the one in which it is sent.
func TestWaitingInOneDimensionIsChargedWhereItStarts(t *testing.T) {
	t.Parallel()
	q := perMinute(60, 60_000).after(0, 84_000) // tokens are booked for 30 s ahead
	item := q.item()
	costs := [dimensions]int64{1000, 1} // as of a request with few tokens
	sent := 0
	for range 20 {
		q = quotaOf("g", item)
		r := try{delay: 31_000, costs: costs}.reservation(noon)
		change, fits := r.change(q)
		if !fits {
			t.Fatal("does not fit")
		}
		var won bool
		if item, won = apply(t, item, change); !won {
			t.Fatal("lost")
		}
		if begins(r, quotaOf("g", item), costs) >= noon+30_000 {
			sent++
		}
	}
	later := int64(noon + 31_000)
	for {
		q = quotaOf("g", item)
		r := try{costs: costs}.reservation(later)
		change, fits := r.change(q)
		if !fits {
			break
		}
		item, _ = apply(t, item, change)
		sent++
	}
	// All of them start within the 31st second: one burst, a second's refill,
	// and what may be lost to idle.
	if most := (records.FullBurst + 1000 + idle) / 1000; sent > most {
		t.Errorf("%d requests in one second, want at most %d", sent, most)
	}
}

// TestReserveWithinTheDeadline: lenience does not book a place that comes too
// late, which would only have to be given back.
func TestReserveWithinTheDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		at   int64 // ms after noon, so that 10,000 more start 44,000 earlier
		ok   bool
	}{
		{"as predicted", 48_900, true},
		{"at the deadline", 49_000, true},
		{"after it", 49_001, false},
	} {
		table := embedded.NewMemory()
		p := booked(t, table).pool
		if _, err := table.Update(t.Context(), quotaKey, store.Change{Do: []store.Assign{store.Set("input_at", store.Num(noon+tt.at))}}); err != nil {
			t.Fatal(err)
		}
		b := p.booking(Want{Model: "f", Family: "f", Input: 10_000}, choice{key: "k", group: "k"})
		predicted := choice{start: time.UnixMilli(noon + 4900)}
		ok, _ := b.reserve(t.Context(), predicted, attempt{3, time.UnixMilli(noon + 5000), true})
		if ok != tt.ok {
			t.Errorf("%s: booked %v, want %v", tt.name, ok, tt.ok)
		}
		if got := used(t, table)[input]; !ok && got != tt.at {
			t.Errorf("%s: %d ms stand there, want %d", tt.name, got, tt.at)
		}
	}
}

// begins is when a request that was booked by itself may start.
func begins(r reservation, after quota, costs [dimensions]int64) int64 {
	b := &Booking{tail: after.at, room: r.rooms(after, costs)}
	return b.begins(r.now)
}
