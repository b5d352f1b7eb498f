package pool

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// TestTicket holds the write that takes a place in the line of a batch, which
// like a reservation adds to a line and begins one that has run out.
func TestTicket(t *testing.T) {
	t.Parallel()
	const none = -noon // no attribute
	tests := []struct {
		name          string
		known, stands int64 // ms after noon
		won           bool
		at            int64 // of the line afterwards, ms after noon
	}{
		{"the first", none, none, true, 1000},
		{"behind others", 5000, 5000, true, 6000},
		{"behind more than known", 5000, 9000, true, 10_000},
		{"as the last one's turn ends", 0, 0, true, 1000},
		{"the line has run out", -1, -1, true, 1000},
		{"it has run out unseen", 5000, -1, false, -1},
		{"it has begun unseen", none, 5000, false, 5000},
		{"it begins at this moment, unseen", -1, 0, false, 0},
		{"there never was one", 5000, none, false, none},
		{"a wrong clock's, known or not", none, farAhead + 1, true, 1000},
		{"a wrong clock's over a known line", 5000, farAhead + 1, false, farAhead + 1},
		{"as long as a line may be", 5000, farAhead, true, farAhead + 1000},
		{"that long, unseen", none, farAhead, false, farAhead},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stands := store.Item{Attrs: map[string]store.Value{}}
			if tt.stands != none {
				stands.Attrs[records.AttrBatchAt] = store.Num(noon + tt.stands)
			}
			known := quota{batchAt: noon + tt.known}.or([dimensions]int64{}, noon)
			item, won := apply(t, stands, ticketChange(noon, known.batchAt, 1000))
			if got := item.Int(records.AttrBatchAt) - noon; won != tt.won || got != tt.at {
				t.Errorf("won %v, the line ends %d ms after noon; want %v, %d", won, got, tt.won, tt.at)
			}
		})
	}
}

// TestWildLineIsNoLine: a line that a wrong clock made is not known of.
func TestWildLineIsNoLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ at, want int64 }{{noon + farAhead, noon + farAhead}, {noon + farAhead + 1, 0}} {
		if got := (quota{batchAt: tt.at}).or([dimensions]int64{}, noon).batchAt; got != tt.want {
			t.Errorf("of a line until %d: got %d, want %d", tt.at, got, tt.want)
		}
	}
}
