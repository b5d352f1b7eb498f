package pool_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// share counts which keys n conversations get.
func share(t *testing.T, p *pool.Pool, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for i := range n {
		got[book(t, p, asking(fmt.Sprintf("conversation %d", i))).Key]++
	}
	return got
}

// wantShare allows five standard deviations of a binomial distribution: one
// false alarm in some two million draws, and the conversations are fixed.
func wantShare(t *testing.T, what string, got, n int, p float64) {
	t.Helper()
	sigma := math.Sqrt(float64(n) * p * (1 - p))
	if diff := math.Abs(float64(got) - float64(n)*p); diff > 5*sigma {
		t.Errorf("%s: got %d of %d, want %.0f ± %.0f", what, got, n, float64(n)*p, 5*sigma)
	}
}

func TestShareFollowsWeights(t *testing.T) {
	t.Parallel()
	const n = 6000
	permille := func(key string, w int64) func(*testing.T, store.Table) {
		return func(t *testing.T, table store.Table) { setWeight(t, table, key, w) }
	}
	tests := []struct {
		name    string
		keys    []pool.Key
		prepare func(*testing.T, store.Table)
		want    map[string]float64
	}{
		{"equal", keys(4), nil, map[string]float64{"key-1": .25, "key-2": .25, "key-3": .25, "key-4": .25}},
		{"uneven", []pool.Key{{Name: "a", Weight: 4}, {Name: "b", Weight: 2}, {Name: "c", Weight: 1}, {Name: "d", Weight: 1}}, nil,
			map[string]float64{"a": .5, "b": .25, "c": .125, "d": .125}},
		{"names that differ in one digit", []pool.Key{{Name: "k1", Weight: 1}, {Name: "k2", Weight: 3}}, nil,
			map[string]float64{"k1": .25, "k2": .75}},
		{"three keys of one organisation weigh as one", append(inGroup("org", keys(3)...), pool.Key{Name: "other", Weight: 1}), nil,
			map[string]float64{"key-1": .5 / 3, "key-2": .5 / 3, "key-3": .5 / 3, "other": .5}},
		{"a group weighs as its heaviest key, its keys share by weight",
			[]pool.Key{{Name: "a", Weight: 3, Quota: "org"}, {Name: "b", Weight: 1, Quota: "org"}, {Name: "other", Weight: 1}}, nil,
			map[string]float64{"a": .75 * .75, "b": .75 * .25, "other": .25}},
		{"the rebalancer halves a weight", keys(2), permille("key-1", 500), map[string]float64{"key-1": 1. / 3, "key-2": 2. / 3}},
		{"weight 1000 is the base weight", keys(2), permille("key-1", 1000), map[string]float64{"key-1": .5, "key-2": .5}},
		{"weight 0 is senseless", keys(2), permille("key-1", 0), map[string]float64{"key-1": .5, "key-2": .5}},
		{"a negative weight is", keys(2), permille("key-1", -7), map[string]float64{"key-1": .5, "key-2": .5}},
		{"more than the base weight is", keys(2), permille("key-1", 1001), map[string]float64{"key-1": .5, "key-2": .5}},
		{"a text is", keys(2), func(t *testing.T, table store.Table) {
			setAttr(t, table, "key-1", records.AttrWeight, store.Text("heavy"))
		},
			map[string]float64{"key-1": .5, "key-2": .5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := embedded.NewMemory()
			if tt.prepare != nil {
				tt.prepare(t, table)
			}
			got := share(t, newPool(table, tt.keys), n)
			for key, p := range tt.want {
				wantShare(t, key, got[key], n, p)
			}
		})
	}
}

func setWeight(t *testing.T, table store.Table, key string, permille int64) {
	t.Helper()
	setAttr(t, table, key, records.AttrWeight, store.Num(permille))
}

func setAttr(t *testing.T, table store.Table, key, attr string, v store.Value) {
	t.Helper()
	change := store.Change{Do: []store.Assign{store.Set(attr, v)}}
	if _, err := table.Update(t.Context(), records.Key("claude", key), change); err != nil {
		t.Fatal(err)
	}
}

// TestConversationStays is what a provider's prompt cache needs: the same
// group in every instance, whatever the order of the keys and of the requests.
func TestConversationStays(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	other := keys(5)
	slices.Reverse(other)
	here, there := newPool(table, keys(5)), newPool(table, other, random(rand.New(rand.NewPCG(1, 2)).Float64))
	for i := range 200 {
		c := fmt.Sprint(i)
		first := book(t, here, asking(c)).Key
		if again := book(t, here, asking(c)).Key; again != first {
			t.Errorf("conversation %s went to %s and then to %s", c, first, again)
		}
		if elsewhere := book(t, there, asking(c)).Key; elsewhere != first {
			t.Errorf("conversation %s went to %s here and to %s in another instance", c, first, elsewhere)
		}
	}
}

func TestOnlyTheRestingGroupsConversationsMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(embedded.NewMemory(), keys(4))
		before := map[string]*pool.Booking{}
		for i := range 400 {
			c := fmt.Sprint(i)
			before[c] = book(t, p, asking(c))
		}
		rests := before["0"].Key
		refuse(t, before["0"], limited(time.Minute))
		moved := map[string]int{}
		for c, b := range before {
			now := book(t, p, asking(c)).Key
			switch {
			case b.Key == rests:
				moved[now]++
			case now != b.Key:
				t.Errorf("conversation %s moved from %s to %s, though %s rests", c, b.Key, now, rests)
			}
		}
		if moved[rests] > 0 {
			t.Errorf("%d conversations stayed with %s, which rests", moved[rests], rests)
		}
		if len(moved) != 3 {
			t.Errorf("the conversations moved to %v, want them spread over the three other keys", moved)
		}
		time.Sleep(time.Minute)
		for c, b := range before {
			if now := book(t, p, asking(c)).Key; now != b.Key {
				t.Errorf("conversation %s is with %s after the rest, want it back with %s", c, now, b.Key)
			}
		}
	})
}

func TestTriedKeysAreLeftOut(t *testing.T) {
	t.Parallel()
	p := newPool(embedded.NewMemory(), keys(3))
	want := tried(asking("c"))
	for range 3 {
		b := book(t, p, want)
		if want.Tried[b.Key] {
			t.Fatalf("got %s again, which was tried", b.Key)
		}
		want.Tried[b.Key] = true
	}
	if e := exhausted(t, p, want); e.RetryAfter != 0 {
		t.Errorf("RetryAfter is %v after all keys were tried, want 0", e.RetryAfter)
	}
}

// TestTriedKeyLeavesItsGroup: a key that was tried must not take the others
// of its organisation with it; only a rest of the group does.
func TestTriedKeyLeavesItsGroup(t *testing.T) {
	t.Parallel()
	p := newPool(embedded.NewMemory(), append(inGroup("org", keys(2)...), pool.Key{Name: "other", Weight: 1e-9}))
	first := book(t, p, asking("c"))
	second := book(t, p, tried(asking("c"), first.Key))
	if first.Group != "org" || second.Group != "org" || first.Key == second.Key {
		t.Errorf("got %s of %s and then %s of %s, want both keys of org", first.Key, first.Group, second.Key, second.Group)
	}
}

func TestWithoutConversationSpreads(t *testing.T) {
	t.Parallel()
	const n = 8000
	p := newPool(embedded.NewMemory(), keys(4), random(rand.New(rand.NewPCG(3, 4)).Float64))
	got := map[string]int{}
	for range n {
		got[book(t, p, ask(sonnet)).Key]++
	}
	for _, k := range keys(4) {
		wantShare(t, k.Name, got[k.Name], n, .25)
	}
}
