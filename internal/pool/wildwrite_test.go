package pool

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestReserveOverWildTimes: a time that lies too far ahead is written over by
// the next who books, and only then.
func TestReserveOverWildTimes(t *testing.T) {
	t.Parallel()
	const wild = farAhead + 1
	tests := []struct {
		name   string
		known  quota
		stands quota
		cost   int64
		fits   bool
		won    bool
		at     int64 // of requests afterwards, ms after noon
	}{
		{"as far as anybody books", perMinute(60).after(farAhead), perMinute(60).after(farAhead), 1000, false, false, farAhead},
		{"further", perMinute(60).after(wild), perMinute(60).after(wild), 1000, true, true, 1000},
		{"it has been mended", perMinute(60).after(wild), perMinute(60).after(7000), 1000, true, false, 7000},
		{"mended, and idle", perMinute(60).after(wild), perMinute(60).after(-7000), 1000, true, false, -7000},
		{"written unseen", perMinute(60).after(0), perMinute(60).after(wild), 1000, true, false, wild},
		{"written unseen over an idle bucket", perMinute(60).after(-7000), perMinute(60).after(wild), 1000, true, false, wild},
		{"where nothing is taken, mended and full", perMinute(60, 60).after(0, wild), perMinute(60, 60).after(0, records.FullBurst+1), 1000, true, false, 0},
		{"where nothing is taken, mended and not full", perMinute(60, 60).after(0, wild), perMinute(60, 60).after(0, records.FullBurst), 1000, true, true, 1000},
		{"where nothing is taken it holds up nobody", perMinute(0, 60).after(0, wild), perMinute(0, 60).after(0, wild), 0, true, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := try{costs: [dimensions]int64{tt.cost}}.reservation(noon)
			change, fits := r.change(tt.known.or([dimensions]int64{}, noon))
			if fits != tt.fits {
				t.Fatalf("fits: got %v, want %v", fits, tt.fits)
			}
			if !fits {
				return
			}
			item, won := apply(t, tt.stands.item(), change)
			if got := quotaOf("g", item).at[requests] - noon; won != tt.won || got != tt.at {
				t.Errorf("won %v, %d ms after noon; want %v, %d", won, got, tt.won, tt.at)
			}
		})
	}
}

// TestChargeOnAWildTimeIsOwed until a reservation has mended it.
func TestChargeOnAWildTimeIsOwed(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	b := booked(t, table)
	wild := int64(noon + 2*farAhead)
	for _, d := range []dimension{input, output} {
		if _, err := table.Update(t.Context(), quotaKey, drain(d, wild)); err != nil {
			t.Fatal(err)
		}
	}
	b.Settle(t.Context(), upstream.Usage{InputTokens: 16_000, OutputTokens: 600})
	if got := used(t, table); got != [dimensions]int64{1000, wild - noon, wild - noon} {
		t.Fatalf("%v ms stand there, want nothing added to what is wild", got)
	}
	if _, err := b.pool.Book(t.Context(), Want{Model: "f", Family: "f", Input: 1000}); err != nil {
		t.Fatal(err)
	}
	if got, want := used(t, table), [dimensions]int64{2000, 7000, wild - noon}; got != want {
		t.Errorf("%v ms stand there, want %v: what was booked now and owed before", got, want)
	}
}
