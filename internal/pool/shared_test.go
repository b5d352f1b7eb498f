package pool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const familyRest = "quota#key-1#" + sonnet

func TestOthersObeyAtTheirNextBook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		here, there := newPool(table, keys(2)), newPool(table, keys(2))
		isFree(t, there, sonnet) // has looked before
		refuse(t, bookKey(t, here, "key-1", ask(sonnet), "key-2"), limited(time.Minute))
		for range 20 {
			bookKey(t, there, "key-2", ask(sonnet))
		}
	})
}

func TestPoolsOfOtherNamesDoNotShare(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	here := newPool(table, keys(1))
	other := newPool(table, keys(1), func(c *pool.Config) { c.Name = "claude-eu" })
	refuse(t, book(t, here, ask(sonnet)), limited(time.Minute))
	book(t, other, ask(sonnet))
	if here.Name() != "claude" || other.Name() != "claude-eu" {
		t.Errorf("got names %q and %q", here.Name(), other.Name())
	}
}

// TestLateSuccess: an answer to a request that was sent before the rest began
// says nothing about it.
func TestLateSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		here, there := newPool(table, keys(1)), newPool(table, keys(1))
		// Both instances know of an earlier episode, so that a success of
		// theirs would end one.
		refuse(t, book(t, here, ask(sonnet)), limited(time.Second))
		time.Sleep(time.Second)
		slowHere, slowThere := book(t, here, ask(sonnet)), book(t, there, ask(sonnet))
		time.Sleep(30 * time.Millisecond)
		refuse(t, book(t, here, ask(sonnet)), limited(10*time.Second))
		for name, b := range map[string]*pool.Booking{"in the same instance": slowHere, "in another": slowThere} {
			serve(t, b)
			if got := exhausted(t, there, ask(sonnet)).RetryAfter; got != 10*time.Second {
				t.Errorf("after a late success %s: rests for %v, want 10s", name, got)
			}
		}
		time.Sleep(time.Hour)
		serve(t, slowHere)
		if got := record(t, table, familyRest).Int("count"); got != 2 {
			t.Errorf("counts %d episodes after late successes, want 2", got)
		}
		serve(t, book(t, there, ask(sonnet)))
		if got := record(t, table, familyRest).Int("count"); got != 0 {
			t.Errorf("counts %d episodes after a success that was sent later, want 0", got)
		}
	})
}

// TestOneSuccessIsWrittenOnce: what a rest's end costs must not grow with the
// number of requests that see it.
func TestOneSuccessIsWrittenOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1))
		refuse(t, book(t, p, ask(sonnet)), limited(time.Second))
		time.Sleep(time.Second)
		bookings := make([]*pool.Booking, 50)
		for i := range bookings {
			bookings[i] = book(t, p, ask(sonnet))
		}
		_, _, before := table.Calls()
		for _, b := range bookings {
			serve(t, b)
		}
		if _, _, after := table.Calls(); after-before > 2 {
			t.Errorf("%d writes for 50 successes, want one for the rest's end and one for their count", after-before)
		}
	})
}

func TestClear(t *testing.T) {
	t.Parallel()
	skews := []struct {
		name                       string
		sufferer, operator, reader time.Duration
	}{
		{"one clock", 0, 0, 0},
		{"the operator's clock is behind", 5 * time.Second, -5 * time.Second, 0},
		{"the operator's clock is ahead", -5 * time.Second, 5 * time.Second, -5 * time.Second},
	}
	for _, tt := range skews {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table := embedded.NewMemory()
				org := func() []pool.Key { return inGroup("org", keys(2)...) }
				sufferer := newPool(table, org(), skewed(tt.sufferer))
				operator := newPool(table, org(), skewed(tt.operator))
				reader := newPool(table, org(), skewed(tt.reader))
				refuse(t, bookKey(t, sufferer, "key-2", ask(sonnet), "key-1"), of(upstream.Auth))
				refuse(t, book(t, sufferer, ask(sonnet)), of(upstream.Hold))
				exhausted(t, reader, ask(sonnet))
				if n, err := operator.Clear(t.Context(), "org"); n != 2 || err != nil {
					t.Fatalf("Clear: got %d, %v; want 2 rests ended", n, err)
				}
				for who, p := range map[string]*pool.Pool{"operator": operator, "reader": reader, "sufferer": sufferer} {
					if b := bookKey(t, p, "key-2", ask(sonnet), "key-1"); b.Probe {
						t.Errorf("%s: is still to probe after an operator's word", who)
					}
				}
				if n, err := sufferer.Clear(t.Context(), "org"); n != 0 || err != nil {
					t.Errorf("Clear again: got %d, %v; want nothing to end", n, err)
				}
				// The next refusal counts again, for all and at once.
				refuse(t, book(t, reader, ask(sonnet)), limited(3*time.Second))
				for who, p := range map[string]*pool.Pool{"operator": operator, "reader": reader, "sufferer": sufferer} {
					if who == "operator" && tt.operator > tt.reader || who == "sufferer" && tt.sufferer > tt.reader {
						continue // by a clock so far ahead the three seconds are over
					}
					if isFree(t, p, sonnet) {
						t.Errorf("%s: does not obey the refusal after the clear", who)
					}
				}
			})
		})
	}
}

// TestClearOutlivesStaleKnowledge: an instance that saw only the rest, and
// reads old news on top, must not bring it back for anybody.
func TestClearOutlivesStaleKnowledge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		stale, operator := newPool(table, keys(1)), newPool(table, keys(1))
		slow := book(t, stale, ask(sonnet))
		refuse(t, book(t, stale, ask(sonnet)), of(upstream.Billing))
		if _, err := operator.Clear(t.Context(), "key-1"); err != nil {
			t.Fatal(err)
		}
		serve(t, slow) // a write of the stale instance, sent before the rest
		book(t, operator, ask(sonnet))
		book(t, stale, ask(sonnet)) // has read that it was cleared
		if got := record(t, table, "rest#group#key-1#*"); got.Int("until") != 0 {
			t.Errorf("the rest is back: %v", got)
		}
	})
}

// TestRefusalAfterAClear: a refusal that was under way when an operator cleared
// the rest is news; its instance must not take it for part of the old episode.
func TestRefusalAfterAClear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		here, operator := newPool(table, keys(1)), newPool(table, keys(1))
		refuse(t, book(t, here, ask(sonnet)), limited(0))
		time.Sleep(exhausted(t, here, ask(sonnet)).RetryAfter)
		first, second := book(t, here, ask(sonnet)), book(t, here, ask(sonnet))
		refuse(t, first, limited(time.Minute))
		if _, err := operator.Clear(t.Context(), "key-1"); err != nil {
			t.Fatal(err)
		}
		refuse(t, second, limited(10*time.Second))
		for who, p := range map[string]*pool.Pool{"here": here, "operator": operator} {
			if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 10*time.Second {
				t.Errorf("%s: rests for %v, want the 10s of the later refusal", who, got)
			}
		}
		if got := record(t, table, familyRest).Int("count"); got != 1 {
			t.Errorf("counts %d episodes, want 1 since the clear", got)
		}
	})
}

// TestForeignRecords: the partition may hold more than this package knows, and
// records that no instance would write.
func TestForeignRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		p := newPool(table, keys(1))
		put := func(sort string, attrs ...store.Assign) {
			t.Helper()
			key := store.Key{Partition: "pool#claude", Sort: sort}
			if _, err := table.Update(t.Context(), key, store.Change{Do: attrs}); err != nil {
				t.Fatal(err)
			}
		}
		later := store.Set("until", store.Num(time.Now().Add(time.Second).UnixMilli()))
		put("group#key-1#*", later)
		put("digest", later)
		put("rest#", later)
		put("rest#group", store.Set("until", store.Text("soon")))
		late := book(t, p, ask(sonnet))
		put(familyRest, later, store.Set("count", store.Num(-70)), store.Set("class", store.Num(4)))
		p.State(t.Context()) // reads all there is
		exhausted(t, p, ask(sonnet))
		refuse(t, late, limited(0))
		if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != 5*time.Second {
			t.Errorf("rests for %v, want 5s", got)
		}
	})
}

func TestStaleReadsDoNotUndoKnowledge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := newFaulty()
		p := newPool(table, keys(1))
		b, late := book(t, p, ask(sonnet)), book(t, p, ask(sonnet))
		table.StaleReads(true)
		exhaustedAfter := func(want time.Duration) {
			t.Helper()
			for range 3 {
				if got := exhausted(t, p, ask(sonnet)).RetryAfter; got != want {
					t.Errorf("rests for %v, want %v", got, want)
				}
			}
		}
		isFree(t, p, sonnet) // what is read from now on is older than what follows
		refuse(t, b, limited(10*time.Second))
		exhaustedAfter(10 * time.Second)
		refuse(t, late, limited(time.Minute))
		exhaustedAfter(time.Minute)
		table.StaleReads(false)
		exhaustedAfter(time.Minute)
		table.StaleReads(true)
		exhaustedAfter(time.Minute)
		if _, err := p.Clear(t.Context(), "key-1"); err != nil {
			t.Fatal(err)
		}
		book(t, p, ask(sonnet))
	})
}

// TestSlowClockAfterFastEnd: an instance whose clock is behind that of the one
// which ended a rest must still be able to begin the next.
func TestSlowClockAfterFastEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		fast, slow := newPool(table, keys(1), skewed(5*time.Second)), newPool(table, keys(1), skewed(-5*time.Second))
		blind := newPool(table, keys(1), skewed(-5*time.Second))
		unaware := book(t, blind, ask(sonnet)) // booked before any of it
		refuse(t, book(t, fast, ask(sonnet)), limited(time.Second))
		time.Sleep(time.Second)
		serve(t, book(t, fast, ask(sonnet)))
		book(t, slow, ask(sonnet)) // not kept away by an end in its future
		refuse(t, unaware, limited(30*time.Second))
		for who, p := range map[string]*pool.Pool{"slow": slow, "fast": fast, "blind": blind} {
			if isFree(t, p, sonnet) {
				t.Errorf("%s: does not obey the refusal that the slow clock wrote", who)
			}
		}
		if got := record(t, table, familyRest).Int("count"); got != 1 {
			t.Errorf("counts %d episodes, want 1", got)
		}
	})
}

// TestRestIsForgottenAfterADay, as the table may have dropped it by then.
func TestRestIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		p := newPool(table, keys(1))
		refuse(t, book(t, p, ask(sonnet)), of(upstream.Auth))
		time.Sleep(5*time.Minute + 23*time.Hour)
		if got := p.State(t.Context()).Groups[0].Keys[0].Rests; len(got) != 1 {
			t.Errorf("got rests %v after 23 hours, want the quarantine", got)
		}
		time.Sleep(2 * time.Hour)
		if got := p.State(t.Context()).Groups[0].Keys[0].Rests; len(got) != 0 {
			t.Errorf("got rests %v after 25 hours, want none", got)
		}
		if b := book(t, p, ask(sonnet)); b.Probe {
			t.Error("the request is a probe")
		}
		at := record(t, table, "rest#key#key-1#*")
		if got, want := at.Int("ttl")*1000, at.Int("until")+24*3600*1000; got != want {
			t.Errorf("the record may be dropped at %d, want %d", got, want)
		}
	})
}
