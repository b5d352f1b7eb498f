package plan

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func TestLoopOrdersWhatSleeps(t *testing.T) {
	t.Parallel()
	l := newLoop(nine)
	var got []string
	say := func(who string) { got = append(got, fmt.Sprintf("%s %s", who, l.Now().Sub(nine))) }
	door := make(chan struct{})
	l.at(nine.Add(time.Second), func(ctx context.Context) {
		say("late")
		close(door)
		l.Sleep(ctx, 0, nil)
		say("late again")
	})
	l.at(nine, func(ctx context.Context) {
		passed := l.Sleep(ctx, time.Hour, door)
		say(fmt.Sprintf("woken %t", !passed))
	})
	l.at(nine, func(ctx context.Context) {
		passed := l.Sleep(ctx, 3*time.Second, make(chan struct{}))
		say(fmt.Sprintf("slept %t", passed))
	})
	l.play(t.Context(), func() {})
	want := []string{"late 1s", "woken true 1s", "late again 1s", "slept true 3s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// TestLoopEnds: what sleeps when it is over gets to know it, and cannot sleep
// any more.
func TestLoopEnds(t *testing.T) {
	t.Parallel()
	l := newLoop(nine)
	ctx, cancel := context.WithCancel(t.Context())
	ended := 0
	for range 3 {
		l.at(nine, func(ctx context.Context) {
			for l.Sleep(ctx, time.Second, nil) {
			}
			if !l.Sleep(ctx, time.Second, nil) && ctx.Err() != nil {
				ended++
			}
		})
	}
	l.at(nine.Add(time.Hour), func(context.Context) { t.Error("ran after the end") })
	steps := 0
	l.play(ctx, func() {
		if steps++; steps == 10 {
			cancel()
		}
	})
	if ended != 3 {
		t.Errorf("%d of 3 ended", ended)
	}
}

func TestSleepOutsideOfTheLoop(t *testing.T) {
	t.Parallel()
	if newLoop(nine).Sleep(t.Context(), time.Hour, nil) {
		t.Error("somebody slept whom the loop does not know")
	}
}
