package pool_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// bookedUntil puts a limit of 60 requests a minute into a table, and bookings
// that leave the next one its room after so long.
func bookedUntil(t testing.TB, table store.Table, ahead time.Duration) {
	t.Helper()
	key := store.Key{Partition: records.Partition("claude"), Sort: quotaOfKey}
	at := time.Now().Add(ahead + 53*time.Second).UnixMilli()
	_, err := table.Update(context.Background(), key, store.Change{Do: []store.Assign{
		store.Set("requests_limit", store.Num(60)), store.Set("version", store.Num(1)), store.Set("requests_at", store.Num(at))}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWaitedCounts: what a request has waited in earlier bookings is not
// granted to it again.
func TestWaitedCounts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		waited time.Duration // of a budget of 30 s
		free   time.Duration
		batch  bool
		books  bool
	}{
		{"nothing used up", 0, 30 * time.Second, false, true},
		{"enough left", 20 * time.Second, 10 * time.Second, false, true},
		{"a moment short", 20*time.Second + time.Millisecond, 10 * time.Second, false, false},
		{"all used up, room now", 30 * time.Second, 0, false, true},
		{"more than all used up, room now", time.Hour, 0, false, true},
		{"more than all used up", time.Hour, time.Second, false, false},
		{"batch, enough left", 20 * time.Second, 10 * time.Second, true, true},
		{"batch, a moment short", 20*time.Second + time.Millisecond, 10 * time.Second, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				p := newPool(table, keys(1), waits(30*time.Second))
				want := ask(sonnet)
				free := tt.free
				if want.Waited, want.Batch = tt.waited, tt.batch; tt.batch {
					free -= 10_800 * time.Millisecond // its share is full that much earlier
				}
				bookedUntil(t, table, free)
				began := time.Now()
				b, err := p.Book(t.Context(), want)
				took := time.Since(began)
				var e *pool.ExhaustedError
				switch {
				case tt.books && (err != nil || b.Waited != tt.free || took != tt.free):
					t.Errorf("got %+v, %v after %v; want a start after %v", b, err, took, tt.free)
				case !tt.books && (!errors.As(err, &e) || e.RetryAfter != tt.free || took > 0):
					t.Errorf("got %v after %v, want RetryAfter %v at once", err, took, tt.free)
				}
			})
		})
	}
}

// TestNeverBeyondTheDeadline: whatever the store takes, whoever else books, and
// whatever part of a millisecond it is, nobody is let go after the context's
// deadline, and nobody spins until then.
func TestNeverBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(most)).Draw(rt, name))
		}
		ahead := draw("booked", 8*time.Second)
		latency := draw("latency", 100*time.Millisecond)
		fraction := draw("part of a millisecond", time.Millisecond)
		n := rapid.IntRange(1, 6).Draw(rt, "requests")
		patience := make([]time.Duration, n)
		for i := range patience {
			patience[i] = rapid.OneOf(rapid.Just(ahead), rapid.Just(ahead.Truncate(time.Millisecond)+1), rapid.Just(10*time.Second)).Draw(rt, "patience")
		}
		lot := rapid.Bool().Draw(rt, "batch")
		synctest.Test(t, func(t *testing.T) {
			table := newFaulty()
			time.Sleep(fraction)
			bookedUntil(t, table, ahead)
			table.Delay(latency)
			p := newPool(table, keys(1), waits(time.Minute))
			together(n, func(i int) {
				ctx, cancel := context.WithTimeout(t.Context(), patience[i])
				defer cancel()
				deadline, _ := ctx.Deadline()
				want := ask(sonnet)
				want.Batch = lot
				if _, err := p.Book(ctx, want); err == nil && time.Now().After(deadline) {
					t.Errorf("request %d was let go %v after its deadline", i, time.Since(deadline))
				}
			})
			if made, most := calls(table), int64(20*n); made > most {
				t.Errorf("%d calls of the store, want at most %d", made, most)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// TestWaitingForAPlaceDoesNotPoll: who waits for minutes asks when it comes,
// books, and looks once more before it goes.
func TestWaitingForAPlaceDoesNotPoll(t *testing.T) {
	t.Parallel()
	for _, want := range []pool.Want{ask(sonnet), batch()} {
		synctest.Test(t, func(t *testing.T) {
			table := newFaulty()
			bookedUntil(t, table, 5*time.Minute)
			pools := fleetOf(table, 5, waits(time.Hour))
			before := calls(table)
			together(len(pools), func(i int) { book(t, pools[i], want) })
			// A read, two writes for one that lost, and again a read and as many
			// writes for a ticket's turn.
			if made, most := calls(table)-before, int64(6*len(pools)); made > most {
				t.Errorf("batch %v: %d calls of the store for %d requests that waited five minutes, want at most %d", want.Batch, made, len(pools), most)
			} else {
				t.Logf("batch %v: %d calls for %d requests", want.Batch, made, len(pools))
			}
		})
	}
}
