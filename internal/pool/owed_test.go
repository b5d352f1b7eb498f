package pool

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

var quotaScope = records.GroupScope("k", "f")

// owes makes the pool of a booking owe some input.
func owes(p *Pool, ms int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owe(quotaScope, [dimensions]int64{0, ms})
}

// TestOwedRidesAlong: what is owed is written with the next reservation, and is
// neither lost nor made twice when that goes wrong. Booked before are 10,000 ms
// of input.
func TestOwedRidesAlong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		script  []string
		before  int64 // ms of input that others have booked meanwhile, unseen here
		owed    int64
		tokens  int64
		ok      bool
		written int64 // ms of input after noon
		left    int64 // still owed
	}{
		{"a charge", nil, 0, 700, 1000, true, 11_700, 0},
		{"a refund", nil, 0, -700, 1000, true, 10_300, 0},
		{"a refund larger than what is booked stays in part", nil, 0, -700, 100, true, 10_000, -600},
		{"nothing is booked for it to go along with", nil, 0, -700, 0, true, 10_000, -700},
		{"a charge goes along with nothing", nil, 0, 700, 0, true, 10_700, 0},
		{"the reservation loses first", nil, 43_000, 700, 2000, false, 53_000, 700},
		{"it does not fit at all", nil, 0, 700, 50_000, false, 10_000, 700},
		{"reply lost: a charge is owed again", []string{"lost"}, 0, 700, 1000, true, 11_700, 700},
		{"reply lost: a refund is given up", []string{"lost"}, 0, -700, 1000, true, 10_300, 0},
		{"never arrived: a charge is owed still", []string{"down"}, 0, 700, 1000, true, 10_000, 700},
		{"never arrived: a refund is given up", []string{"down"}, 0, -700, 1000, true, 10_000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := &scripted{Table: embedded.NewMemory()}
			p := booked(t, table).pool
			owes(p, tt.owed)
			if tt.before > 0 {
				unseen := store.Change{Do: []store.Assign{store.Add("input_at", tt.before)}}
				if _, err := table.Table.Update(t.Context(), quotaKey, unseen); err != nil {
					t.Fatal(err)
				}
			}
			table.script = slices.Clone(tt.script)
			g := &guest{b: p.booking(Want{Model: "f", Family: "f", Input: tt.tokens}, choice{key: "k", group: "k"}), known: true}
			p.reserve(t.Context(), quotaScope, []*guest{g})
			if got := used(t, table)[input]; g.ok != tt.ok || got != tt.written || p.owed[quotaScope][input] != tt.left {
				t.Errorf("booked %v, %d ms stand there, %d owed; want %v, %d, %d", g.ok, got, p.owed[quotaScope][input], tt.ok, tt.written, tt.left)
			}
			if start := g.b.start.UnixMilli(); g.ok && start != noon {
				t.Errorf("starts %d ms after noon, want at once: what is owed goes behind", start-noon)
			}
		})
	}
}

// TestWhoWaitsLeavesWhatIsOwed: what others took belongs into the present.
func TestWhoWaitsLeavesWhatIsOwed(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	p := booked(t, table).pool
	owes(p, 700)
	g := &guest{b: p.booking(Want{Model: "f", Family: "f", Input: 50_000}, choice{key: "k", group: "k"}), delay: 6000, known: true}
	p.reserve(t.Context(), quotaScope, []*guest{g})
	if got := used(t, table)[input]; !g.ok || got != 60_000 || p.owed[quotaScope][input] != 700 {
		t.Errorf("booked %v, %d ms stand there, %d owed; want true, 60000, 700", g.ok, got, p.owed[quotaScope][input])
	}
	if got := g.b.start.UnixMilli() - noon; got != 6000 {
		t.Errorf("starts %d ms after noon, want 6000", got)
	}
}

// TestOwedGrowsUntilItIsUrgent: alone a correction is small, together they are
// written by whoever settles, and only once.
func TestOwedGrowsUntilItIsUrgent(t *testing.T) {
	t.Parallel()
	table := &scripted{Table: embedded.NewMemory()}
	b := booked(t, table) // 10,000 of input
	table.asked = nil
	b.pool.tally = map[string]*tally{"k": {flushed: time.UnixMilli(noon)}}
	owes(b.pool, 2000)
	b.Settle(t.Context(), upstream.Usage{InputTokens: 10_700})
	if got := used(t, table)[input]; got != 10_000 || len(table.asked) != 0 {
		t.Errorf("%d ms stand there after %d writes, want 10000 after none", got, len(table.asked))
	}
	b.Settle(t.Context(), upstream.Usage{InputTokens: 10_701})
	if got := used(t, table)[input]; got != 12_701 || len(table.asked) != 1 || b.pool.owed[quotaScope] != [dimensions]int64{} {
		t.Errorf("%d ms stand there after %d writes, %v owed; want 12701 after one, and nothing owed", got, len(table.asked), b.pool.owed)
	}
}

// flaky is a table whose next writes on one quota go as they are fated to.
type flaky struct {
	store.Table
	fates []string // as in scripted; after them all is well
}

func (f *flaky) Update(ctx context.Context, key store.Key, c store.Change) (store.Result, error) {
	now := "ok"
	if key.Sort == quotaKey.Sort && len(f.fates) > 0 {
		now, f.fates = f.fates[0], f.fates[1:]
	}
	if now == "down" {
		return store.Result{}, errScript
	}
	r, err := f.Table.Update(ctx, key, c)
	if now == "lost" {
		return store.Result{}, errScript
	}
	return r, err
}

// books are some instances that use one quota, what they have under way, and
// what was used.
type books struct {
	memory  *embedded.Memory
	table   *flaky
	key     store.Key
	pools   []*Pool
	open    map[*Pool][]*Booking
	settled [dimensions]int64
	honest  bool // no reply is lost
	exact   bool // nothing was kept that might have been given back
}

var ledgers atomic.Int64

// TestNothingIsForgotten: whatever replies are lost, and in whatever order
// requests are booked and settled, the table holds all that was used but for
// what is still owed to it; and with a table that answers, exactly that. Refunds
// made twice, or corrections dropped, would make it less.
func TestNothingIsForgotten(t *testing.T) {
	t.Parallel()
	memory := embedded.NewMemory()
	rapid.Check(t, func(t *rapid.T) {
		b := newBooks(t, memory)
		t.Repeat(map[string]func(*rapid.T){
			"": b.balance, "book": b.book, "settle": b.settle, "give back": b.giveBack, "refuse": b.refuse,
		})
	})
}

// newBooks begins with a quota so large that its burst never ends, and a clock
// that stands still, so that nothing is refilled.
func newBooks(t *rapid.T, memory *embedded.Memory) *books {
	b := &books{memory: memory, table: &flaky{Table: memory}, open: map[*Pool][]*Booking{}}
	b.honest = rapid.Bool().Draw(t, "honest")
	b.exact = b.honest
	name := fmt.Sprint("l", ledgers.Add(1))
	b.key = store.Key{Partition: records.Partition(name), Sort: quotaKey.Sort}
	set := []store.Assign{store.Set(records.AttrVersion, store.Num(1)), store.Set(records.AttrBurst, store.Num(wide))}
	for d := range dimensions {
		set = append(set, store.Set(attrLimit[d], store.Num(minute)), store.Set(attrAt[d], store.Num(noon)))
	}
	if _, err := memory.Update(context.Background(), b.key, store.Change{Do: set}); err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(1, 3).Draw(t, "instances") {
		p := New(Config{
			Name: name, Keys: []Key{{Name: "k", Weight: 1}}, Table: b.table,
			Now: func() time.Time { return time.UnixMilli(noon) }, Rand: func() float64 { return 0 },
		})
		p.look(context.Background(), true)
		b.pools = append(b.pools, p)
	}
	return b
}

// wide is a burst, in ms, as large as can be without being taken for wild.
const wide = farAhead - 60_000

// pool draws an instance, and how its next writes will go.
func (b *books) pool(t *rapid.T) *Pool {
	p := rapid.SampledFrom(b.pools).Draw(t, "instance")
	p.shared.note(context.Background(), "update", nil) // the breaker is another matter
	if !b.honest {
		b.table.fates = rapid.SliceOfN(rapid.SampledFrom([]string{"ok", "ok", "ok", "lost", "down"}), 4, 4).Draw(t, "fates")
	}
	return p
}

// book books several requests with one write.
func (b *books) book(t *rapid.T) {
	p := b.pool(t)
	if q := b.quota(t); max(q.at[input], q.at[output]) > noon+wide-300_000 {
		t.Skip("no room")
	}
	var guests []*guest
	for _, n := range rapid.SliceOfN(rapid.Int64Range(0, 30_000), 1, 3).Draw(t, "sizes") {
		want := Want{Model: "f", Family: "f", Input: n}
		guests = append(guests, &guest{b: p.booking(want, choice{key: "k", group: "k"}), known: true})
	}
	p.reserve(context.Background(), quotaScope, guests)
	for _, g := range guests {
		if g.ok {
			b.open[p] = append(b.open[p], g.b)
		}
	}
}

// take draws a booking that is under way.
func (b *books) take(t *rapid.T) *Booking {
	p := b.pool(t)
	if len(b.open[p]) == 0 {
		t.Skip("none")
	}
	i := rapid.IntRange(0, len(b.open[p])-1).Draw(t, "which")
	taken := b.open[p][i]
	b.open[p] = slices.Delete(b.open[p], i, i+1)
	return taken
}

func (b *books) settle(t *rapid.T) {
	taken := b.take(t)
	u := upstream.Usage{InputTokens: rapid.Int64Range(0, 40_000).Draw(t, "in"), OutputTokens: rapid.Int64Range(1, 20_000).Draw(t, "out")}
	if rapid.Bool().Draw(t, "measured") {
		taken.Measured(context.Background(), upstream.Usage{InputTokens: u.InputTokens / 2, OutputTokens: 1})
		taken.pending.Wait() // the order of writes is drawn, not the scheduler's
	}
	taken.Settle(context.Background(), u)
	for d, ms := range [dimensions]int64{taken.costs[requests], u.InputTokens, u.OutputTokens} {
		b.settled[d] += ms
	}
}

func (b *books) giveBack(t *rapid.T) {
	taken := b.take(t)
	b.exact = false // not ahead of those who booked behind it
	taken.giveBack(context.Background())
}

func (b *books) refuse(t *rapid.T) {
	taken := b.take(t)
	taken.Learn(context.Background(), Outcome{Fault: &upstream.Fault{Class: upstream.Client, Status: 400}})
	taken.Settle(context.Background(), upstream.Usage{})
}

func (b *books) quota(t *rapid.T) quota {
	item, _, err := b.memory.Get(context.Background(), b.key)
	if err != nil {
		t.Fatal(err)
	}
	return quotaOf("k", item)
}

// balance compares what stands in the table with what was used and is owed.
func (b *books) balance(t *rapid.T) {
	stands := b.quota(t).at
	for d := range dimensions {
		want, have := b.settled[d], stands[d]-noon
		for _, p := range b.pools {
			owed := p.owed[quotaScope][d]
			if have += owed; b.exact && max(owed, -owed) > wide/relaxedPart {
				t.Fatalf("%d ms of %s are owed, want no more than may wait", owed, attrAt[d])
			}
			for _, open := range b.open[p] {
				want += open.costs[d]
			}
		}
		if have < want || b.exact && have != want {
			t.Fatalf("%s: %d ms stand there or are owed, %d were used (all replies heard: %v)", attrAt[d], have, want, b.exact)
		}
	}
}
