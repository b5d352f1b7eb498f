package overload_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/overload"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestThrottleRefusal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		calls, accepted int
		want            float64
	}{
		{"nothing known", 0, 0, 0},
		{"few calls, all refused", 29, 0, 0},
		{"enough calls, all refused", 30, 0, .9},
		{"a trickle stays, however many are refused", 5000, 0, .9},
		{"every other call accepted", 100, 50, 0},
		{"just below half accepted", 100, 49, 2. / 101},
		{"40 % accepted", 1000, 400, 200. / 1001},
		{"almost none accepted", 100, 5, 90. / 101},
		{"all accepted", 100, 100, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHand()
			throttle := overload.NewThrottle(h.config())
			note(throttle, sonnet, tt.calls, tt.accepted)
			if got := h.refusal(throttle, sonnet); !near(got, tt.want) {
				t.Errorf("refusal: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestThrottleKeepsTargetsApart(t *testing.T) {
	t.Parallel()
	h := newHand()
	throttle := overload.NewThrottle(h.config())
	note(throttle, sonnet, 100, 0)
	for _, other := range []overload.Target{opus, {Pool: "bedrock", Model: sonnet.Model}, {}} {
		if got := h.refusal(throttle, other); !near(got, 0) {
			t.Errorf("refusal of %v after refusals of %v: got %v, want 0", other, sonnet, got)
		}
	}
}

func TestThrottleForgets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steps []time.Duration
		want  float64
	}{
		{"not in the window's first eleven twelfths", []time.Duration{110 * time.Second}, .9},
		{"after the window", []time.Duration{121 * time.Second}, 0},
		{"after a long sleep", []time.Duration{365 * 24 * time.Hour}, 0},
		{"not when the clock steps back a little", []time.Duration{-time.Minute}, .9},
		{"a little back and on again", []time.Duration{-time.Minute, 3*time.Minute + time.Second}, 0},
		{"at once when the clock steps back a lot", []time.Duration{-time.Hour}, 0},
		{"before 1970", []time.Duration{-60 * 365 * 24 * time.Hour}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHand()
			throttle := overload.NewThrottle(h.config())
			note(throttle, sonnet, 100, 0)
			for _, step := range tt.steps {
				h.pass(step)
				h.refusal(throttle, sonnet)
			}
			if got := h.refusal(throttle, sonnet); !near(got, tt.want) {
				t.Errorf("refusal: got %v, want %v", got, tt.want)
			}
			note(throttle, sonnet, 1000, 0)
			if got := h.refusal(throttle, sonnet); !near(got, .9) {
				t.Errorf("refusal after it was refused again: got %v, want 0.9", got)
			}
		})
	}
}

// TestThrottleSetBack is the trap of a clock set back while in use: outcomes
// must not pile up in a slot that does not leave until the clock has caught up.
func TestThrottleSetBack(t *testing.T) {
	t.Parallel()
	for _, back := range []time.Duration{time.Minute, 119 * time.Second, 2 * time.Minute, time.Hour} {
		h := newHand()
		throttle := overload.NewThrottle(h.config())
		note(throttle, sonnet, 50, 0)
		h.pass(-back)
		note(throttle, sonnet, 50, 0)
		h.pass(4*time.Minute + time.Second) // the window, and as much lag at most
		if got := h.refusal(throttle, sonnet); !near(got, 0) {
			t.Errorf("refusal four minutes after the clock was set back by %v: got %v, want 0", back, got)
		}
	}
}

func TestThrottleRemembersTheTargetsUsedLast(t *testing.T) {
	t.Parallel()
	h := newHand()
	throttle := overload.NewThrottle(h.config())
	invented := func(i int) overload.Target { return overload.Target{Pool: "claude", Model: fmt.Sprint("model-", i)} }
	note(throttle, sonnet, 100, 0)
	note(throttle, opus, 100, 0)
	for i := range 1000 {
		h.pass(time.Millisecond)
		h.refusal(throttle, sonnet) // being asked for is use
		throttle.Allow(invented(-i - 1))
		note(throttle, invented(i), 30, 0)
	}
	if got := h.refusal(throttle, sonnet); !near(got, .9) {
		t.Errorf("refusal of the target in use: got %v, want 0.9", got)
	}
	if got := h.refusal(throttle, opus); !near(got, 0) {
		t.Errorf("refusal of the idlest target: got %v, want 0, for it should be forgotten", got)
	}
	kept := 0
	for i := range 1000 {
		if h.refusal(throttle, invented(i)) > .5 {
			kept++
		}
	}
	if want := 127; kept != want {
		t.Errorf("remembered besides the target in use: got %d targets, want %d", kept, want)
	}
}

// TestThrottleModel compares a throttle with a list of all that ever happened.
func TestThrottleModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHand()
		throttle := overload.NewThrottle(h.config())
		var notes []outcome
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			h.pass(time.Duration(rapid.Int64Range(0, 40_000).Draw(t, "ms")) * time.Millisecond)
			n := rapid.IntRange(1, 40).Draw(t, "calls")
			accepted := rapid.IntRange(0, n).Draw(t, "accepted")
			note(throttle, sonnet, n, accepted)
			notes = append(notes, outcome{h.Now(), n, accepted})
			got, want := h.refusal(throttle, sonnet), expected(notes, h.Now())
			if !near(got, want) {
				t.Fatalf("refusal: got %v, want %v", got, want)
			}
		}
	})
}

type outcome struct {
	at              time.Time
	calls, accepted int
}

// expected is the refusal that the outcomes of the last two minutes call for, in
// whole slots of ten seconds.
func expected(notes []outcome, now time.Time) float64 {
	calls, accepted := 0, 0
	for _, n := range notes {
		if now.Unix()/10-n.at.Unix()/10 < 12 {
			calls += n.calls
			accepted += n.accepted
		}
	}
	if calls < 30 {
		return 0
	}
	return min(max(float64(calls-2*accepted)/float64(calls+1), 0), .9)
}

// TestThrottleIsMonotone: whatever happened and however the clock jumps, the
// refusal is a share below one, a refused call never lowers it and an accepted
// one never raises it.
func TestThrottleIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHand()
		throttle := overload.NewThrottle(h.config())
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			h.pass(time.Duration(rapid.Int64Range(-300_000, 300_000).Draw(t, "ms")) * time.Millisecond)
			n := rapid.IntRange(0, 60).Draw(t, "calls")
			note(throttle, sonnet, n, rapid.IntRange(0, n).Draw(t, "accepted"))
			before := h.refusal(throttle, sonnet)
			accepted := rapid.Bool().Draw(t, "accept")
			throttle.Note(sonnet, accepted)
			after := h.refusal(throttle, sonnet)
			if before < 0 || before > .9+1e-9 {
				t.Fatalf("refusal: got %v, want one in [0, 0.9]", before)
			}
			// The call that makes them enough to judge by may do either.
			if enough := before > 1e-9; accepted && enough && after > before+1e-9 || !accepted && after < before-1e-9 {
				t.Fatalf("refusal after a call with accepted=%v: got %v, was %v", accepted, after, before)
			}
		}
	})
}

func TestThrottleLosesNoOutcome(t *testing.T) {
	t.Parallel()
	h := newHand()
	throttle := overload.NewThrottle(h.config())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				throttle.Note(sonnet, i%5 < 2)
				throttle.Allow(sonnet)
				throttle.Allow(opus)
			}
		})
	}
	wg.Wait()
	if got, want := h.refusal(throttle, sonnet), 1600./8001; !near(got, want) {
		t.Errorf("refusal: got %v, want %v", got, want)
	}
}
