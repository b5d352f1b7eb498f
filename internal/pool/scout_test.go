package pool_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// scoutHold is how long a burst waits for its scout.
const scoutHold = 10 * time.Millisecond

// burst sends n requests at once; key-1 refuses after some time, the other
// keys take what they get. It returns the calls that each key got and the
// longest wait.
func burst(t *testing.T, p *pool.Pool, n int, refusesAfter time.Duration) (calls map[string]int, longest time.Duration) {
	t.Helper()
	var mu sync.Mutex
	calls = map[string]int{}
	together(n, func(i int) {
		want := tried(asking(fmt.Sprint(i)))
		for {
			b := book(t, p, want)
			mu.Lock()
			calls[b.Key]++
			longest = max(longest, b.Waited)
			mu.Unlock()
			if b.Key != "key-1" {
				serve(t, b)
				return
			}
			time.Sleep(refusesAfter)
			refuse(t, b, limited(time.Minute))
			want.Tried[b.Key] = true
		}
	})
	return calls, longest
}

func TestBurstOntoQuietGroups(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		refusesAfter time.Duration
		wasted       int // at most
	}{
		{"refused at once", 0, 1},
		{"refused within the hold", scoutHold - time.Millisecond, 1},
		{"refused after the hold", 2 * scoutHold, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(embedded.NewMemory(), keys(4), waits(time.Second))
				calls, longest := burst(t, p, 40, tt.refusesAfter)
				if calls["key-1"] == 0 || calls["key-1"] > tt.wasted {
					t.Errorf("%d calls were wasted on the key that refuses, want 1 to %d", calls["key-1"], tt.wasted)
				}
				if served := calls["key-2"] + calls["key-3"] + calls["key-4"]; served != 40 {
					t.Errorf("%d of 40 were served", served)
				}
				if longest > scoutHold {
					t.Errorf("the longest wait was %v, want %v at most", longest, scoutHold)
				}
			})
		})
	}
}

// TestHoldKeepsTheConversation: the prompt cache is worth more than a hold.
func TestHoldKeepsTheConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(embedded.NewMemory(), keys(4), waits(time.Second))
		first := book(t, p, asking("c"))
		second := book(t, p, asking("c"))
		if second.Key != first.Key || second.Waited != scoutHold {
			t.Errorf("got %s after %v, want %s after %v", second.Key, second.Waited, first.Key, scoutHold)
		}
	})
}

func TestStreamOfRequestsPaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(embedded.NewMemory(), keys(1), waits(time.Second))
		book(t, p, ask(sonnet))
		for i := range 100 {
			time.Sleep(9 * time.Second)
			together(3, func(int) {
				if b := book(t, p, ask(sonnet)); b.Waited > 0 {
					t.Errorf("request %d waited %v, want 0", i, b.Waited)
				}
			})
		}
		time.Sleep(11 * time.Second)
		if b := book(t, p, ask(sonnet)); b.Waited > 0 {
			t.Errorf("the scout waited %v", b.Waited)
		}
		if b := book(t, p, ask(sonnet)); b.Waited != scoutHold {
			t.Errorf("after a silence the second waited %v, want %v", b.Waited, scoutHold)
		}
	})
}

// TestHoldNeverRefuses: who cannot wait for the scout goes along with it.
func TestHoldNeverRefuses(t *testing.T) {
	t.Parallel()
	for _, budget := range []time.Duration{0, scoutHold - time.Millisecond} {
		t.Run(budget.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(embedded.NewMemory(), keys(2), waits(budget))
				for range 40 {
					if b := book(t, p, asking("c")); b.Waited > 0 {
						t.Errorf("waited %v", b.Waited)
					}
				}
			})
		})
	}
}

func TestScoutWithAClockSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var back time.Duration
		p := newPool(embedded.NewMemory(), keys(1), waits(2*time.Hour), clock(func() time.Time { return time.Now().Add(-back) }))
		book(t, p, ask(sonnet))
		back = time.Hour
		for want, when := range []string{"the scout", "the one after it"} {
			b := book(t, p, ask(sonnet))
			if want := time.Duration(want) * scoutHold; b.Waited != want {
				t.Errorf("%s waited %v, want %v", when, b.Waited, want)
			}
		}
		if b := book(t, p, ask(sonnet)); b.Waited != 0 {
			t.Errorf("a later request waited %v, want 0", b.Waited)
		}
	})
}
