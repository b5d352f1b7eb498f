package pool_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func calls(table *storetest.Faulty) int64 {
	queries, gets, updates := table.Calls()
	return queries + gets + updates
}

func TestStoreDownFromTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		table.Down(true)
		p := newPool(table, inGroup("org", keys(2)...))
		refuse(t, book(t, p, ask(sonnet)), limited(20*time.Second))
		if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 20*time.Second {
			t.Errorf("rests for %v, want 20s as learned here", got)
		}
		book(t, p, ask(haiku))
		time.Sleep(20 * time.Second)
		serve(t, book(t, p, ask(sonnet)))
	})
}

// TestStoreDownInTheMiddle: what was read before still counts.
func TestStoreDownInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		here, there := newPool(table, keys(3)), newPool(table, keys(3))
		introduce(t, there, rawOwner, "key-1", "key-2")
		refuse(t, bookKey(t, there, "key-1", ask(sonnet), "key-2", "key-3"), limited(time.Minute))
		isFree(t, here, sonnet)
		table.Down(true)
		for range 20 {
			bookKey(t, here, "key-3", ask(sonnet))
		}
		refuse(t, book(t, here, ask(sonnet)), limited(30*time.Second))
		if got := exhausted(t, here, ask(sonnet)).RetryAfter; got != 30*time.Second {
			t.Errorf("rests for %v, want 30s", got)
		}
		table.Down(false)
		time.Sleep(10 * time.Second)
		if !isFree(t, there, sonnet) {
			t.Error("another instance knows what could not be written")
		}
		if got := exhausted(t, here, ask(sonnet)).RetryAfter; got != 20*time.Second {
			t.Errorf("rests for %v when the store is back, want 20s as learned here", got)
		}
	})
}

// TestBackOffWithoutAStore: episodes are counted here as well.
func TestBackOffWithoutAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		table.Down(true)
		p := newPool(table, keys(1))
		for _, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			refuse(t, book(t, p, ask(sonnet)), limited(0))
			if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != want {
				t.Errorf("rests for %v, want %v", got, want)
			}
			time.Sleep(want)
		}
		serve(t, book(t, p, ask(sonnet)))
		refuse(t, book(t, p, ask(sonnet)), limited(0))
		if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 5*time.Second {
			t.Errorf("rests for %v after a success, want 5s", got)
		}
	})
}

func TestProbeWithoutAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		pools := quarantined(t, table, 2)
		isFree(t, pools[1], haiku) // reads of the quarantine, and takes the probe
		time.Sleep(time.Minute)
		table.Down(true)
		for i, p := range pools {
			sixteen := make([]*pool.Pool, 16)
			for i := range sixteen {
				sixteen[i] = p
			}
			won := race(t, sixteen)
			if len(won) != 1 || !won[0].Probe {
				t.Fatalf("instance %d: %d of 16 were let through, want one, as a probe", i, len(won))
			}
			serve(t, won[0])
			if got := len(race(t, sixteen)); got != 16 {
				t.Errorf("instance %d: %d of 16 were let through after a successful probe", i, got)
			}
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		table := newFaulty()
		p := newPool(table, keys(1), func(c *pool.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		isFree(t, p, sonnet)
		table.Down(true)
		during := func(what string, most int64, f func()) {
			t.Helper()
			before := calls(table)
			f()
			if got := calls(table) - before; got > most {
				t.Errorf("%s: %d calls of a store that is down, want at most %d", what, got, most)
			}
		}
		during("100 bookings", 2, func() {
			for range 100 {
				book(t, p, ask(sonnet))
			}
		})
		during("a refusal", 0, func() { refuse(t, book(t, p, ask(haiku)), limited(time.Second)) })
		time.Sleep(5 * time.Second)
		table.Delay(time.Millisecond)
		during("100 concurrent bookings after the pause", 1, func() {
			together(100, func(int) { book(t, p, ask(sonnet)) })
		})
		table.Delay(0)
		time.Sleep(5 * time.Second)
		table.Down(false)
		refuse(t, book(t, p, ask(sonnet)), limited(time.Minute))
		if got := record(t, table, familyRest).Int("until"); got == 0 {
			t.Error("nothing is written when the store is back")
		}
		for _, line := range []string{"store unavailable, going on with local knowledge", "store answers again"} {
			if !strings.Contains(log.String(), line) {
				t.Errorf("the log does not say %q:\n%s", line, log.String())
			}
		}
	})
}

// TestBreakerWithAClockSetBack: an hour's step back must not mean an hour
// without the store.
func TestBreakerWithAClockSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var back time.Duration
		table := newFaulty()
		p := newPool(table, keys(1), clock(func() time.Time { return time.Now().Add(-back).Round(0) }))
		table.Down(true)
		book(t, p, ask(sonnet))
		book(t, p, ask(sonnet))
		back = time.Hour
		table.Down(false)
		before := calls(table)
		book(t, p, ask(sonnet))
		if calls(table) == before {
			t.Error("the store is not asked after the clock was set back")
		}
	})
}

// TestBreakerIgnoresWhatIsNotTheStores: clients that leave, and models whose
// names no store would take, must not cost the others the shared state.
func TestBreakerIgnoresWhatIsNotTheStores(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		trouble func(t *testing.T, p *pool.Pool, table *storetest.Faulty, round int)
	}{
		{"clients that leave", func(t *testing.T, p *pool.Pool, table *storetest.Faulty, _ int) {
			table.Delay(100 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if _, err := p.Book(ctx, ask(sonnet)); err == nil {
				t.Error("booked for a client that has left")
			}
			table.Delay(0)
		}},
		{"senseless models", func(t *testing.T, p *pool.Pool, _ *storetest.Faulty, round int) {
			var bookings [4]*pool.Booking
			for i := range bookings {
				bookings[i] = book(t, p, ask(strings.Repeat("m", 2000+10*round+i)))
			}
			for _, b := range bookings { // without a read in between, which would succeed
				refuse(t, b, of(upstream.Permission))
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := newFaulty()
				p := newPool(table, keys(1))
				for round := range 5 {
					tt.trouble(t, p, table, round)
				}
				before := calls(table)
				for range 10 {
					book(t, p, ask(sonnet))
				}
				if got := calls(table) - before; got != 10 {
					t.Errorf("the store was asked %d times in 10 bookings, want every time", got)
				}
			})
		})
	}
}

// TestHangingStore: a table that never answers costs a request half a second,
// twice, and the next ones nothing.
func TestHangingStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(2))
		table.Delay(time.Hour)
		for i, want := range []time.Duration{500 * time.Millisecond, 500 * time.Millisecond, 0, 0} {
			began := time.Now()
			book(t, p, ask(sonnet))
			if got := time.Since(began); got != want {
				t.Errorf("booking %d took %v, want %v", i, got, want)
			}
		}
	})
}

func TestSettleWithAHangingStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(2))
		b := book(t, p, ask(sonnet))
		table.Delay(time.Hour)
		fault := limited(time.Minute)
		began := time.Now()
		b.Learn(t.Context(), pool.Outcome{Fault: &fault, Signals: upstream.Signals{Owner: rawOwner}})
		if got := time.Since(began); got != 0 {
			t.Errorf("Learn took %v, want nobody to wait for it", got)
		}
		b.Settle(t.Context(), upstream.Usage{})
		if got := time.Since(began); got > time.Second {
			t.Errorf("Settle returned after %v, want a second at most", got)
		}
	})
}

// TestLearnOutlivesItsClient: what was learned concerns the others.
func TestLearnOutlivesItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		here, there := newPool(table, keys(1)), newPool(table, keys(1))
		b := book(t, here, ask(sonnet))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		fault := limited(time.Minute)
		b.Learn(gone, pool.Outcome{Fault: &fault})
		b.Settle(gone, upstream.Usage{})
		exhausted(t, there, ask(sonnet))
	})
}

// TestOwnerIsWrittenLater: an organisation learned while the store was down
// reaches the others with the next answer.
func TestOwnerIsWrittenLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1))
		table.Down(true)
		introduce(t, p, rawOwner, "key-1")
		table.Down(false)
		time.Sleep(5 * time.Second)
		introduce(t, p, rawOwner, "key-1")
		if got := record(t, table, "key#key-1").Str(records.AttrOwner); !strings.HasPrefix(got, "org-") {
			t.Errorf("got owner %q in the table", got)
		}
	})
}

func TestOwnerIsWrittenOnce(t *testing.T) {
	t.Parallel()
	table := newFaulty()
	p := newPool(table, keys(1))
	bookings := []*pool.Booking{book(t, p, ask(sonnet)), book(t, p, ask(sonnet)), book(t, p, ask(sonnet))}
	for _, b := range bookings {
		b.Learn(t.Context(), ownedBy(rawOwner))
		b.Settle(t.Context(), upstream.Usage{})
	}
	if _, _, updates := table.Calls(); updates != 3+3+1+1 {
		t.Errorf("%d writes, want three reservations, what they moved to the owner's quota, one of the owner, and one for those who have not heard", updates)
	}
}

// TestOneFailureIsNoOutage: calls that fail now and then, a read in every
// three here, must not open the breaker.
func TestOneFailureIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1))
		for i := range 10 {
			before := calls(table)
			table.Down(i%3 == 0)
			book(t, p, ask(sonnet))
			if calls(table) == before {
				t.Fatalf("booking %d: the store was not asked", i)
			}
		}
	})
}

func TestClearWithoutAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1))
		refuse(t, book(t, p, ask(sonnet)), limited(time.Minute))
		table.Down(true)
		if n, err := p.Clear(t.Context(), "key-1"); n != 0 || err == nil {
			t.Errorf("got %d, %v; want an error, as the others were not told", n, err)
		}
		exhausted(t, p, ask(sonnet))
	})
}
