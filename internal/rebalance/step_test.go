package rebalance

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStep(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		sample Sample
		want   int64
		why    string
	}{
		{"never decided, nothing known", Sample{}, 1000, "nothing against it"},
		{"all answered", Sample{Weight: 1000, OK: 50}, 1000, "nothing against it"},
		{"too few answers to judge", Sample{Weight: 1000, OK: 1, Refused: 3}, 1000, "nothing against it"},
		{"refused sometimes, goal within a stride", Sample{Weight: 1000, OK: 98, Refused: 2}, 960, "refused 2 of 100 calls"},
		{"refused mostly, moves a stride at most", Sample{Weight: 1000, OK: 10, Refused: 90}, 900, "on the way from 1.00 to 0.05"},
		{"never below the trickle", Sample{Weight: 60, Refused: 100}, 50, "refused 100 of 100 calls"},
		{"recovers by a stride", Sample{Weight: 300, OK: 100}, 400, "on the way from 0.30 to 1.00"},
		{"recovers fully, not beyond", Sample{Weight: 950, OK: 100}, 1000, "nothing against it"},
		{"empty quota halves", Sample{Weight: 550, OK: 10, Headroom: 0, HeadroomAt: now}, 500, "0 % of its limit free"},
		{"stale headroom says nothing", Sample{Weight: 1000, OK: 10, Headroom: 0, HeadroomAt: now.Add(-2 * time.Minute)}, 1000, "nothing against it"},
		{"senseless headroom is bounded", Sample{Weight: 1000, OK: 10, Headroom: 5000, HeadroomAt: now}, 1000, "100 % of its limit free"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Step(now, tt.sample)
			if got.Weight != tt.want || !strings.Contains(got.Why, tt.why) {
				t.Errorf("Step(%+v) = %d, %q; want %d, why with %q", tt.sample, got.Weight, got.Why, tt.want, tt.why)
			}
		})
	}
}

func TestStepNeverMovesFasterThanAStride(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		s := Sample{
			Weight:     rapid.Int64Range(least, full).Draw(t, "weight"),
			OK:         rapid.Int64Range(0, 1e6).Draw(t, "ok"),
			Refused:    rapid.Int64Range(0, 1e6).Draw(t, "refused"),
			Headroom:   rapid.Int64Range(-10, 2000).Draw(t, "headroom"),
			HeadroomAt: now.Add(-time.Duration(rapid.Int64Range(0, 300).Draw(t, "age")) * time.Second),
		}
		got := Step(now, s).Weight
		if got < s.Weight-stride || got > s.Weight+stride || got < least || got > full {
			t.Fatalf("Step(%+v) = %d: out of bounds", s, got)
		}
	})
}
