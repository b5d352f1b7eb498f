package pool

import "testing"

func TestSince(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		old    quota
		booked int64
		now    int64 // ms after noon
		pace   float64
	}{
		{"the first view", quota{}, 500, 0, 0},
		{"a second later", quota{seen: noon, booked: 500}, 510, 1000, 0.01},
		{"too soon to tell", quota{seen: noon, booked: 500}, 510, 999, 0},
		{"too soon to tell, it was known", quota{seen: noon, booked: 500, pace: 3}, 510, 999, 3},
		{"slower than it was", quota{seen: noon, booked: 500, pace: 3}, 501, 10_000, 0.0001},
		{"nobody booked", quota{seen: noon, booked: 500, pace: 3}, 500, 2000, 0},
		{"an older view", quota{seen: noon, booked: 500, pace: 3}, 490, 2000, 3},
		{"the record began anew", quota{seen: noon, booked: 500, pace: 3}, 0, 2000, 3},
		{"a clock set back", quota{seen: noon, booked: 500, pace: 3}, 600, -3_600_000, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := quota{booked: tt.booked, pace: 99, seen: 99}.since(tt.old, noon+tt.now)
			if got.pace != tt.pace || got.seen != noon+tt.now || got.booked != tt.booked {
				t.Errorf("got pace %v, seen %d, booked %d; want %v, %d, %d", got.pace, got.seen-noon, got.booked, tt.pace, tt.now, tt.booked)
			}
		})
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		at   int64   // ms after noon
		age  int64   // ms of the view
		pace float64 // reservations a ms
		cost int64
		want bool
	}{
		{"ahead of the floor", 1, 0, 0, 1000, true},
		{"at the floor", 0, 0, 0, 1000, true},
		{"behind it", -1, 0, 0, 1000, false},
		{"an old view of a quiet quota", -1, 60_000, 0, 1000, false},
		{"an old view of a busy one", -1, 60_000, 0.0005, 1000, true},
		{"a fresh view of a busy one", -1, paceSpan, 0.0005, 1000, false},
		{"half old", -1, paceSpan + 1, 0.0005, 1000, true},
		{"two fifths of the time in use", -1, 60_000, 0.0004, 1000, false},
		{"a little more", -1, 60_000, 0.000401, 1000, true},
		{"costly but rare: idle between two", -1, 60_000, 0.0003, 54_000, false},
		{"cheap and frequent", -1, 60_000, 1, 1, true},
		{"costs nothing", -1, 60_000, 1, 0, false},
		{"a view of the future", -1, -3_600_000, 1, 1000, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := quota{at: [dimensions]int64{noon + tt.at}, seen: noon - tt.age, pace: tt.pace}
			if got := q.busy(requests, noon, noon, tt.cost); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestGuessIsVerified: an old view that is taken for one of a busy bucket and
// is not costs one more try and books the same.
func TestGuessIsVerified(t *testing.T) {
	t.Parallel()
	known := perMinute(60).after(-60_000)
	known.seen, known.pace = noon-60_000, 0.001
	r := try{costs: [dimensions]int64{1000}}.reservation(noon)
	for name, tt := range map[string]struct {
		at   int64
		wins bool
	}{"right": {20_000, true}, "wrong": {-60_000, false}} {
		change, fits := r.change(known)
		if !fits {
			t.Fatalf("%s: the store is not asked", name)
		}
		item, won := apply(t, perMinute(60).after(tt.at).item(), change)
		if won != tt.wins {
			t.Errorf("%s: won %v, want %v", name, won, tt.wins)
		}
		if won {
			continue
		}
		exact := quotaOf("g", item).since(known, noon)
		again, _ := r.change(exact)
		if item, won := apply(t, item, again); !won || quotaOf("g", item).at[requests] != noon+1000 {
			t.Errorf("%s: the second try won %v: %v", name, won, item)
		}
	}
}
