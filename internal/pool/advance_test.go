package pool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// line is a burst onto one key whose requests take less, or more, than is booked
// for them: 125 at once, of 5,500 tokens each in truth.
type line struct {
	books int64         // tokens that each is taken for
	lag   time.Duration // between the answers that come first
	rush
}

const reallyTakes = 5500

func (l *line) run(t *testing.T, v *vendor, p *pool.Pool) {
	t.Helper()
	answers := v.answers(quota.Need{Requests: 1, InputTokens: reallyTakes})
	want, used := ask(sonnet), upstream.Usage{InputTokens: reallyTakes}
	want.Input = l.books
	l.began = time.Now()
	together(125, func(i int) {
		b := book(t, p, want)
		l.mu.Lock()
		l.starts = append(l.starts, time.Since(l.began))
		o := answers()
		if o.Fault != nil {
			l.refused++
		}
		l.mu.Unlock()
		time.Sleep(headersAt + time.Duration(i)*l.lag)
		b.Learn(t.Context(), o)
		b.Measured(t.Context(), used)
		time.Sleep(10 * time.Second)
		b.Settle(t.Context(), used)
	})
}

// TestWhoWaitsMovesUp: what those ahead took less is room for those who wait, in
// their order. 125 requests of 5,500 tokens are 687,500, of which 405,000 are taken
// at once and the others flow in for 37.6 s; booked for 6,300 each the last would
// wait for 47.
func TestWhoWaitsMovesUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		books int64
		lag   time.Duration
	}{
		{"booked as they are", 5500, 0},
		{"booked for more", 6300, 0},
		{"booked for more, answers one after the other", 6300, 20 * time.Millisecond},
		{"booked for a third more", 7300, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(quota.Limits{Requests: 225, InputTokens: 450_000})
				l := line{books: tt.books, lag: tt.lag}
				l.run(t, v, newPool(newFaulty(), keys(1), waits(10*time.Minute), unconfigured))
				if l.refused > 0 {
					t.Errorf("%d were refused, want none", l.refused)
				}
				if last := l.last(); last < 31*time.Second || last > 42*time.Second {
					t.Errorf("the last started after %v, want 37.6 s or little more", last)
				}
			})
		})
	}
}

// TestHeadersHoldWhoMovesUp: a place comes no sooner than headers say that there
// is room, whatever was corrected. Somebody else takes what was given back.
func TestHeadersHoldWhoMovesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(newFaulty(), keys(1), waits(time.Minute))
		told := func(remaining int64) pool.Outcome {
			left := upstream.Limit{Dimension: upstream.InputTokens, PerMinute: 60_000, Remaining: remaining}
			return pool.Outcome{Signals: upstream.Signals{Limits: []upstream.Limit{left}}}
		}
		want := ask(sonnet)
		want.Input = 27_000 // half of the 54,000 that are used at once
		first := book(t, p, want)
		first.Learn(t.Context(), told(33_000))
		second := book(t, p, want)
		began := time.Now()
		var waited time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			book(t, p, want)
			waited = time.Since(began)
		}()
		time.Sleep(3 * time.Second)
		second.Learn(t.Context(), told(0)) // of what was free others have had the most
		second.Measured(t.Context(), upstream.Usage{InputTokens: 1000})
		<-done
		if waited < 20*time.Second {
			t.Errorf("the third started after %v, though the headers say that nothing is left for it before", waited)
		}
	})
}
