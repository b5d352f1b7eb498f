package pool_test

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// only leaves one of the keys to a request.
func only(i int, keys []pool.Key, model string) pool.Want {
	var others []string
	for j, k := range keys {
		if j != i-1 {
			others = append(others, k.Name)
		}
	}
	return tried(ask(model), others...)
}

// mixed is a pool in which everything has happened that can be shown.
func mixed(t *testing.T) *pool.Pool {
	t.Helper()
	table := embedded.NewMemory()
	ks := keys(6)
	ks[3].Quota, ks[3].Weight = "eu", 2
	p := newPool(table, ks, func(c *pool.Config) { c.Instance = "instance-7" })
	introduce(t, p, rawOwner, "key-1", "key-2")
	setWeight(t, table, "key-4", 750)
	setAttr(t, table, "key-4", records.AttrWeightWhy, store.Text("refused more often than the others"))
	refuse(t, book(t, p, only(3, ks, sonnet)), of(upstream.Auth))
	refuse(t, book(t, p, only(5, ks, sonnet)), of(upstream.Auth))
	time.Sleep(5*time.Minute + 10*time.Second)
	book(t, p, only(5, ks, sonnet)) // the probe; key-3 still waits for one
	b := book(t, p, only(1, ks, sonnet))
	b.Learn(t.Context(), pool.Outcome{Signals: upstream.Signals{Owner: rawOwner, Limits: []upstream.Limit{{PerMinute: 1000, Remaining: 333}}}})
	b.Settle(t.Context(), upstream.Usage{})
	refuse(t, book(t, p, only(2, ks, sonnet)), limited(90*time.Second))
	refuse(t, book(t, p, only(2, ks, haiku)), of(upstream.Permission))
	refuse(t, book(t, p, only(4, ks, sonnet)), upstream.Fault{
		Class: upstream.SpendCap, Code: "enforced_spend_limit_reached", Until: time.Date(2000, 2, 1, 0, 0, 0, 0, time.UTC)})
	return p
}

func TestStateGolden(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, err := json.MarshalIndent(mixed(t).State(t.Context()), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/state.json", append(got, '\n'))
	})
}

// TestStateCountsAtOnce: who looks after a request finds it, although an instance
// writes its counts by and by.
func TestStateCountsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPool(embedded.NewMemory(), keys(1))
	b := book(t, p, ask(sonnet))
	b.Learn(t.Context(), pool.Outcome{Signals: upstream.Signals{Limits: []upstream.Limit{{PerMinute: 1000, Remaining: 250}}}})
	b.Settle(t.Context(), upstream.Usage{InputTokens: 10, CacheReadTokens: 30, Exact: true})
	refuse(t, book(t, p, ask(haiku)), limited(time.Minute))
	s := p.State(t.Context())
	k := s.Groups[0].Keys[0]
	if k.OK != 1 || k.Refused != 1 || k.LastErrorAt == nil || k.LastError == "" || k.HeadroomPercent == nil || *k.HeadroomPercent != 25 {
		t.Errorf("got %+v, want one answer, one refusal and 25 %% of headroom", k)
	}
	if share := s.Groups[0].CacheReadPercent; share == nil || *share != 75 {
		t.Errorf("got %v of the input from the cache, want 75 %%", share)
	}
	if want := "1 key in 1 quota group; 0 of 1 group has room"; s.Summary != want {
		t.Errorf("got %q, want %q", s.Summary, want)
	}
}

func TestSeveralRestsAreInOrder(t *testing.T) {
	t.Parallel()
	p := newPool(embedded.NewMemory(), keys(1))
	models := []string{"c", "a", "d", "b"}
	for _, model := range models {
		refuse(t, book(t, p, ask(model)), limited(time.Minute))
	}
	refuse(t, book(t, p, ask("e")), of(upstream.Concurrency))
	var got []string
	for _, r := range p.State(t.Context()).Groups[0].Rests {
		got = append(got, r.Covers)
	}
	if want := []string{"*", "a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("got rests of %v, want %v", got, want)
	}
}

// TestDefaults: a pool of the required fields alone works.
func TestDefaults(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	a := pool.New(pool.Config{Name: "claude", Keys: keys(2), Table: table})
	b := pool.New(pool.Config{Name: "claude", Keys: keys(2), Table: table})
	first := book(t, a, ask(sonnet))
	refuse(t, first, limited(time.Minute))
	if got := book(t, b, ask(sonnet)).Key; got == first.Key {
		t.Errorf("got %s, which rests", got)
	}
}
