package overload_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/overload"
)

// taken is how many retries a budget grants right now; it stops at 1000.
func taken(b *overload.Budget) int {
	n := 0
	for n < 1000 && b.Take() {
		n++
	}
	return n
}

func TestBudget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		requests int
		later    time.Duration // than the requests
		want     int
	}{
		{"reserve without requests", 0, 0, 20},
		{"four requests pay for none", 4, 0, 20},
		{"five pay for one", 5, 0, 21},
		{"a fifth of many", 1000, 0, 220},
		{"saved for nine minutes", 1000, 9 * time.Minute, 220},
		{"not for eleven", 1000, 11 * time.Minute, 20},
		{"clock back a little", 1000, -5 * time.Minute, 220},
		{"clock back a lot", 1000, -time.Hour, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHand()
			b := overload.NewBudget(h.config())
			for range tt.requests {
				b.Earn()
			}
			h.pass(tt.later)
			if got := taken(b); got != tt.want {
				t.Errorf("retries granted: got %d, want %d", got, tt.want)
			}
			h.pass(11 * time.Minute)
			if got, want := taken(b), 20; tt.later >= 0 && got != want {
				t.Errorf("retries granted once all that has left the window: got %d, want %d", got, want)
			}
		})
	}
}

// TestBudgetBound: whatever the order of requests and retries, at each grant the
// retries of the window are within a fifth of its requests and the reserve, and
// no retry within that is denied.
func TestBudgetBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHand()
		b := overload.NewBudget(h.config())
		var requests, retries []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			h.pass(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			for range rapid.IntRange(0, 20).Draw(t, "requests") {
				b.Earn()
				requests = append(requests, h.Now())
			}
			for range rapid.IntRange(0, 10).Draw(t, "retries") {
				room := recent(retries, h.Now())+1 <= 20+recent(requests, h.Now())/5
				if got := b.Take(); got != room {
					t.Fatalf("Take: got %v, want %v", got, room)
				}
				if room {
					retries = append(retries, h.Now())
				}
			}
		}
	})
}

// recent counts the events of the last ten minutes, in whole slots of fifty seconds.
func recent(events []time.Time, now time.Time) int {
	n := 0
	for _, at := range events {
		if now.Unix()/50-at.Unix()/50 < 12 {
			n++
		}
	}
	return n
}

func TestBudgetIsNotOverdrawn(t *testing.T) {
	t.Parallel()
	b := overload.NewBudget(newHand().config())
	for range 500 {
		b.Earn()
	}
	var granted atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { granted.Add(int64(taken(b))) })
	}
	wg.Wait()
	if got, want := granted.Load(), int64(120); got != want {
		t.Errorf("retries granted to eight at once: got %d, want %d", got, want)
	}
}

func TestSends(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		clientRetry int
		want        int
	}{
		{"first", 0, 7},
		{"second", 1, 3},
		{"third", 2, 2},
		{"fourth", 3, 1},
		{"sixth", 5, 1},
		{"absurd", math.MaxInt, 1},
		{"negative", -1, 7},
		{"very negative", math.MinInt, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := overload.Sends(tt.clientRetry); got != tt.want {
				t.Errorf("Sends(%d): got %d, want %d", tt.clientRetry, got, tt.want)
			}
		})
	}
}
