package overload_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/overload"
)

const forever = time.Duration(math.MaxInt64)

func TestBackoff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		attempt    int
		random     float64
		retryAfter time.Duration
		remaining  time.Duration
		want       time.Duration
		ok         bool
	}{
		{"jitter starts from zero", 5, 0, 0, forever, 0, true},
		{"first", 1, .5, 0, forever, 250 * time.Millisecond, true},
		{"second", 2, .5, 0, forever, 500 * time.Millisecond, true},
		{"fifth", 5, .5, 0, forever, 4 * time.Second, true},
		{"ceiling reached", 6, .5, 0, forever, 4 * time.Second, true},
		{"no overflow", math.MaxInt, .5, 0, forever, 4 * time.Second, true},
		{"attempt zero is the first", 0, .5, 0, forever, 250 * time.Millisecond, true},
		{"negative attempt is the first", math.MinInt, .5, 0, forever, 250 * time.Millisecond, true},
		{"provider's word, and jitter on top", 2, .5, 3 * time.Second, forever, 3500 * time.Millisecond, true},
		{"provider's word is a minimum", 2, 0, 3 * time.Second, forever, 3 * time.Second, true},
		{"negative word is none", 2, .5, -time.Hour, forever, 500 * time.Millisecond, true},
		{"just in time", 2, .5, 3 * time.Second, 3501 * time.Millisecond, 3500 * time.Millisecond, true},
		{"no time left to send", 2, .5, 3 * time.Second, 3500 * time.Millisecond, 0, false},
		{"word outlives the client", 1, 0, time.Minute, time.Minute, 0, false},
		{"longest word overflows nothing", 5, .999, forever, forever, 0, false},
		{"client gone", 1, 0, 0, 0, 0, false},
		{"client long gone", 1, 0, 0, math.MinInt64, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := overload.Backoff{Rand: func() float64 { return tt.random }}
			got, ok := b.Next(tt.attempt, tt.retryAfter, tt.remaining)
			if got != tt.want || ok != tt.ok {
				t.Errorf("Next: got %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// TestBackoffBounds holds for the zero value and any input: a wait fits into
// what remains, respects the provider and is at most 8 s longer than it asked.
func TestBackoffBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.Int().Draw(t, "attempt")
		retryAfter := time.Duration(rapid.Int64().Draw(t, "retry after"))
		remaining := time.Duration(rapid.Int64().Draw(t, "remaining"))
		wait, ok := overload.Backoff{}.Next(attempt, retryAfter, remaining)
		switch {
		case !ok && wait != 0:
			t.Fatalf("wait without a retry: got %v, want 0", wait)
		case !ok && remaining > 8*time.Second && retryAfter < remaining-8*time.Second:
			t.Fatalf("no retry, with %v left after %v", remaining, retryAfter)
		case ok && (wait < 0 || wait < retryAfter || wait >= remaining || wait-max(retryAfter, 0) > 8*time.Second):
			t.Fatalf("wait: got %v for retry-after %v and %v left", wait, retryAfter, remaining)
		}
	})
}
