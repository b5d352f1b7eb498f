package pool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestCooldownMachine(t *testing.T)   { checkCooldowns(t, embedded.NewMemory()) }
func TestQuarantineMachine(t *testing.T) { checkQuarantines(t, embedded.NewMemory()) }

// checkCooldowns drives instances with clocks up to five seconds off, whose
// reads go stale, whose replies are lost and whose writes arrive twice, over
// any table. After every step it holds the record of the one rest, and every
// booking, to the rules.
func checkCooldowns(t *testing.T, table store.Table) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, table, 5*time.Second, limited(0))
		rt.Repeat(map[string]func(*rapid.T){
			"":           w.observe,
			"time":       w.pass,
			"send":       w.send,
			"refuse":     w.refuse,
			"serve":      w.serve,
			"refuse all": w.refuseAll,
			"clear":      w.clear,
			"trouble":    w.trouble,
		})
	})
}

// checkQuarantines does the same for the probe lease, which excludes others
// for certain only among clocks that agree.
func checkQuarantines(t *testing.T, table store.Table) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, table, 0, of(upstream.Auth))
		w.noOutage = true // without a store each instance probes for itself
		rt.Repeat(map[string]func(*rapid.T){
			"":        w.observe,
			"time":    w.pass,
			"send":    w.send,
			"refuse":  w.refuse,
			"serve":   w.serve,
			"clear":   w.clear,
			"trouble": w.trouble,
		})
	})
}

// Sampled and not drawn from a range: rapid prefers small numbers, and then
// all would happen within a few nanoseconds.
var (
	passes = rapid.SampledFrom([]time.Duration{
		time.Microsecond, 700 * time.Microsecond, time.Millisecond, 40 * time.Millisecond, 800 * time.Millisecond,
		3 * time.Second, 5 * time.Second, 11 * time.Second, 31 * time.Second, 5 * time.Minute})
	retryAfters = rapid.SampledFrom([]time.Duration{
		0, 300 * time.Microsecond, time.Millisecond, time.Second, 2500 * time.Millisecond, 8 * time.Second, 30 * time.Second, time.Minute})
)

// worlds numbers the pools, so that one table serves many checks.
var worlds atomic.Int64

// world is some instances of one pool with one key, and what a provider would
// know of them.
type world struct {
	table    store.Table
	name     string
	fault    upstream.Fault
	now      time.Time
	sides    []*side
	flying   []flight
	last     store.Item // the record as last observed
	lease    time.Time  // end of the last probe's lease, unless it was decided
	fence    int64      // set_at of the last end of the rest
	noOutage bool
}

// side is one instance.
type side struct {
	pool  *pool.Pool
	table *storetest.Faulty
	skew  time.Duration
	// own is the latest end that this instance was told of itself, and told is
	// when, both by its own clock; zero once something ended the rest.
	own, told time.Time
	// clean is when its view of the table was last interfered with.
	clean time.Time
}

type flight struct {
	*pool.Booking
	by   *side
	sent time.Time // by its own clock
}

func newWorld(t *rapid.T, table store.Table, skew time.Duration, fault upstream.Fault) *world {
	w := &world{table: table, name: fmt.Sprintf("world-%d", worlds.Add(1)), fault: fault, now: time.UnixMilli(1_800_000_000_000)}
	off := rapid.SampledFrom([]time.Duration{0, skew, -skew, skew / 5, skew / 5000, -skew / 5000})
	for i := range rapid.IntRange(2, 4).Draw(t, "instances") {
		s := &side{table: storetest.NewFaulty(repeatingSometimes(t, table)), skew: off.Draw(t, "skew")}
		s.pool = pool.New(pool.Config{
			Name: w.name, Keys: keys(1), Table: s.table, Limits: plenty, Instance: fmt.Sprintf("instance-%d", i),
			Now: func() time.Time { return w.now.Add(s.skew) }, Rand: noJitter,
		})
		w.sides = append(w.sides, s)
	}
	return w
}

func repeatingSometimes(t *rapid.T, table store.Table) store.Table {
	if rapid.Bool().Draw(t, "writes arrive twice") {
		return repeating{table}
	}
	return table
}

func (w *world) side(t *rapid.T) *side { return rapid.SampledFrom(w.sides).Draw(t, "instance") }

func (s *side) now(w *world) time.Time { return w.now.Add(s.skew) }

func (w *world) pass(t *rapid.T) {
	w.now = w.now.Add(passes.Draw(t, "passes"))
}

// trouble switches one instance's faults.
func (w *world) trouble(t *rapid.T) {
	s := w.side(t)
	down := !w.noOutage && rapid.IntRange(0, 5).Draw(t, "down") == 0
	lose := !w.noOutage && rapid.Bool().Draw(t, "replies lost")
	stale := rapid.Bool().Draw(t, "reads stale")
	s.table.Down(down)
	s.table.LoseReplies(lose)
	s.table.StaleReads(stale)
	s.clean = w.now
	if down || lose || stale {
		s.clean = w.now.AddDate(1, 0, 0) // until they are switched off
	}
}

// record reads the rest as it stands.
func (w *world) record(t *rapid.T) store.Item {
	items, err := w.table.Query(context.Background(), records.Partition(w.name))
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if item.Has("set_at") {
			return item
		}
	}
	return store.Item{}
}

// observe compares the record with the one before.
func (w *world) observe(t *rapid.T) {
	old, r := w.last, w.record(t)
	w.last = r
	was, is := old.Int("set_at"), r.Int("set_at")
	ended := is > was && r.Int("until") == 0
	switch {
	case is < was:
		t.Fatalf("the fence went back: %v after %v", r, old)
	case is == was && r.Int("count") != old.Int("count"):
		t.Fatalf("the count changed within an episode: %v after %v", r, old)
	case is > was && !ended && r.Int("count") < 1:
		t.Fatalf("an episode is not counted: %v after %v", r, old)
	case !ended && r.Int("until") < old.Int("until"):
		t.Fatalf("the end moved to earlier: %v after %v", r, old)
	}
	if ended {
		w.fence = is
		for _, s := range w.sides {
			s.own = time.Time{}
		}
	}
	if is > was {
		w.lease = time.Time{}
	}
}

// send books, and holds the booking to what its instance must know.
func (w *world) send(t *rapid.T) {
	s := w.side(t)
	b, err := s.pool.Book(context.Background(), ask(sonnet))
	var e *pool.ExhaustedError
	if errors.As(err, &e) {
		if e.RetryAfter <= 0 {
			t.Fatalf("RetryAfter is %v though no key was tried", e.RetryAfter)
		}
		return
	}
	if err != nil {
		t.Fatalf("Book: %v", err)
	}
	now := s.now(w)
	if now.Before(s.own) && !w.overtaken(s) {
		t.Fatalf("let through at %v, though told here to stay away until %v", now, s.own)
	}
	r := w.record(t)
	if until := time.UnixMilli(r.Int("until")); now.Before(until) && w.sees(s) && w.heard(r) {
		t.Fatalf("let through at %v, though the table says %v", now, until)
	}
	if b.Probe && w.sees(s) { // without the store each instance may send one
		w.probing(t)
	}
	w.flying = append(w.flying, flight{b, s, now})
}

// overtaken reports whether the rest was ended after what an instance was told.
func (w *world) overtaken(s *side) bool { return s.told.UnixMilli() <= w.fence }

// sees reports whether an instance reads the table as it is: no fault is on,
// and its breaker has closed since.
func (w *world) sees(s *side) bool { return !w.now.Before(s.clean.Add(6 * time.Second)) }

// heard reports whether a rest must be known to all who see the table. One that
// stands in the quota's own record meets every reservation; of any other they
// are told, and where that got lost they find it when they next read it all.
func (w *world) heard(r store.Item) bool {
	return strings.HasPrefix(r.Key.Sort, "quota#") || !w.now.Before(time.UnixMilli(r.Int("set_at")).Add(time.Minute+10*time.Second))
}

func (w *world) probing(t *rapid.T) {
	if w.now.Before(w.lease) {
		t.Fatalf("a second probe at %v, while the first has the lease until %v", w.now, w.lease)
	}
	w.lease = w.now.Add(time.Minute)
}

// take removes a request under way.
func (w *world) take(t *rapid.T) flight {
	if len(w.flying) == 0 {
		t.Skip("nothing under way")
	}
	i := rapid.IntRange(0, len(w.flying)-1).Draw(t, "request")
	f := w.flying[i]
	w.flying = append(w.flying[:i], w.flying[i+1:]...)
	return f
}

// refusal draws what the provider says.
func (w *world) refusal(t *rapid.T, f flight) pool.Outcome {
	fault := w.fault
	if fault.Class == upstream.RateLimit {
		fault.RetryAfter = retryAfters.Draw(t, "retry after")
	}
	now := f.by.now(w)
	if own := now.Add(fault.RetryAfter); own.After(f.by.own) || w.overtaken(f.by) {
		f.by.own, f.by.told = own, now
	}
	return pool.Outcome{Fault: &fault}
}

func (w *world) refuse(t *rapid.T) {
	f := w.take(t)
	f.Learn(context.Background(), w.refusal(t, f))
	f.Settle(context.Background(), upstream.Usage{})
}

// refuseAll lets every request under way meet the limit at the same moment.
func (w *world) refuseAll(t *rapid.T) {
	before := w.record(t)
	outcomes := make([]pool.Outcome, len(w.flying))
	for i, f := range w.flying {
		outcomes[i] = w.refusal(t, f)
	}
	together(len(w.flying), func(i int) {
		w.flying[i].Learn(context.Background(), outcomes[i])
		w.flying[i].Settle(context.Background(), upstream.Usage{})
	})
	w.flying = nil
	// Who books need not have heard yet that the last episode was ended, and
	// counts on from it.
	current := before.Int("count") > 0
	if after := w.record(t); after.Int("count") > before.Int("count")+1 && w.everySideSees() && current {
		t.Fatalf("one moment counts as several episodes: %v after %v", after, before)
	}
}

func (w *world) everySideSees() bool {
	for _, s := range w.sides {
		if !w.sees(s) || s.skew != w.sides[0].skew {
			return false
		}
	}
	return true
}

func (w *world) serve(t *rapid.T) {
	f, before := w.take(t), w.record(t)
	f.Learn(context.Background(), pool.Outcome{})
	f.Settle(context.Background(), upstream.Usage{})
	after := w.record(t)
	if after.Int("set_at") != before.Int("set_at") && before.Int("set_at") >= f.sent.UnixMilli() {
		t.Fatalf("a request sent at %d ended a rest of %d: %v after %v", f.sent.UnixMilli(), before.Int("set_at"), after, before)
	}
	f.by.own = time.Time{} // it may take its own success for the end
}

// clear is an operator's word, given where the store can be reached.
func (w *world) clear(t *rapid.T) {
	s := w.side(t)
	if !w.sees(s) {
		t.Skip("this instance does not see the table")
	}
	if _, err := s.pool.Clear(context.Background(), "key-1"); err != nil {
		t.Fatalf("Clear: %v", err)
	}
	s.own = time.Time{}
	if r := w.record(t); r.Int("until") > s.now(w).UnixMilli() || r.Int("quarantine") == 1 {
		t.Fatalf("still rests after an operator's word: %v", r)
	}
	if _, err := s.pool.Book(context.Background(), ask(sonnet)); err != nil {
		t.Fatalf("Book after Clear: %v", err)
	}
}
