package ratios_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/estimate/ratios"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

const sonnet = "claude-sonnet-5"

var nine = time.Date(2026, 11, 22, 9, 0, 30, 0, time.UTC)

func text(perToken, seen float64) estimate.Family {
	f := estimate.Start()
	f.Text = estimate.Ratio{PerToken: perToken, Seen: seen}
	return f
}

func publish(t *testing.T, table store.Table, before, now map[string]estimate.Family) {
	t.Helper()
	if err := ratios.Publish(t.Context(), table, "claude", nine, before, now); err != nil {
		t.Fatal(err)
	}
}

// merge counts the votes as the rebalancer does and reports how many records changed.
func merge(t *testing.T, table store.Table, now time.Time) (changed int) {
	t.Helper()
	items, err := table.Query(t.Context(), "pool#claude")
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if change, ok := ratios.Merge(now, item); ok {
			res, err := table.Update(t.Context(), item.Key, change)
			if err != nil {
				t.Fatal(err)
			}
			if res.Applied {
				changed++
			}
		}
	}
	return changed
}

func load(t *testing.T, table store.Table) map[string]estimate.Family {
	t.Helper()
	items, err := table.Query(t.Context(), "pool#claude")
	if err != nil {
		t.Fatal(err)
	}
	return ratios.Of(items)
}

func near(got, want float64) bool { return math.Abs(got-want) < 0.001 }

func TestVotesAreWeighedByWhatTheyRestOn(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	publish(t, table, nil, map[string]estimate.Family{sonnet: text(4, 30)})
	publish(t, table, nil, map[string]estimate.Family{sonnet: text(2, 10)})
	if got := load(t, table); len(got) != 0 {
		t.Errorf("before any merge: %v, want nothing", got)
	}
	merge(t, table, nine)
	// 30 requests at 1/4 and 10 at 1/2 tokens a byte: 40 at 5/16.
	if got := load(t, table)[sonnet].Text; !near(got.PerToken, 3.2) || !near(got.Seen, 40) {
		t.Errorf("got %+v, want 3.2 bytes a token on 40 requests", got)
	}
}

// TestHalfWayAMinute: against what many requests stand behind, many votes move
// the shared ratio half the way, once a minute.
func TestHalfWayAMinute(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	publish(t, table, nil, map[string]estimate.Family{sonnet: text(4, 60)})
	merge(t, table, nine)
	for _, tt := range []struct {
		at   time.Duration
		want float64 // in tokens a byte: 1/4, then half way to 1/2 again and again
	}{{time.Second, 0.25}, {time.Minute, 0.375}, {61 * time.Second, 0.375}, {2 * time.Minute, 0.4375}} {
		publish(t, table, nil, map[string]estimate.Family{sonnet: text(2, 60)})
		merge(t, table, nine.Add(tt.at))
		if got := 1 / load(t, table)[sonnet].Text.PerToken; !near(got, tt.want) {
			t.Errorf("after %v: %.4f tokens a byte, want %.4f", tt.at, got, tt.want)
		}
	}
}

func TestPublishLeavesOut(t *testing.T) {
	t.Parallel()
	table := storetest.NewFaulty(embedded.NewMemory())
	known := map[string]estimate.Family{
		sonnet: text(4, 30), "never-seen": estimate.Start(), "": text(4, 1), strings.Repeat("m", 1100): text(4, 1),
		"senseless": text(math.NaN(), 1), "endless": text(math.Inf(1), math.NaN()),
	}
	publish(t, table, nil, known)
	publish(t, table, known, known) // nothing new
	if _, _, updates := table.Calls(); updates != 1 {
		t.Errorf("%d writes, want one", updates)
	}
	table.Down(true)
	if err := ratios.Publish(t.Context(), table, "claude", nine, nil, known); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("got %v, want the store's error", err)
	}
}

// TestNoVoteCountsTwice: of counters with the same view one wins, and a vote
// that arrives in between waits for the next minute.
func TestNoVoteCountsTwice(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	publish(t, table, nil, map[string]estimate.Family{sonnet: text(4, 10)})
	items, err := table.Query(t.Context(), "pool#claude")
	if err != nil || len(items) != 1 || !ratios.Is(items[0].Key) {
		t.Fatalf("got %v, %v; want one record of ratios", items, err)
	}
	publish(t, table, nil, map[string]estimate.Family{sonnet: text(2, 10)})
	for i, want := range []bool{true, false} {
		change, _ := ratios.Merge(nine, items[0])
		if res, err := table.Update(t.Context(), items[0].Key, change); err != nil || res.Applied != want {
			t.Errorf("count %d: applied %v, %v; want %v", i, res.Applied, err, want)
		}
	}
	if got := load(t, table)[sonnet].Text; !near(got.PerToken, 4) || !near(got.Seen, 10) {
		t.Errorf("got %+v, want the first vote alone", got)
	}
	if n := merge(t, table, nine.Add(time.Minute)); n != 1 {
		t.Errorf("%d records merged a minute later, want the second vote counted", n)
	}
	if n := merge(t, table, nine.Add(2*time.Minute)); n != 0 {
		t.Errorf("%d records merged without a vote", n)
	}
}

// TestSharedRatiosStayWithinBounds, whatever stands in the record.
func TestSharedRatiosStayWithinBounds(t *testing.T) {
	t.Parallel()
	start := estimate.Start()
	rapid.Check(t, func(t *rapid.T) {
		item := store.Item{Key: store.Key{Partition: "pool#claude", Sort: "ratio#m"}, Attrs: map[string]store.Value{}}
		anything := rapid.OneOf(rapid.Map(rapid.Int64(), store.Num), rapid.Just(store.Text("x")), rapid.Map(rapid.Int64Range(-5, 5e9), store.Num))
		for _, attr := range []string{"text_votes", "text_sum", "text_ratio", "text_seen", "fixed_votes", "fixed_sum"} {
			if rapid.Bool().Draw(t, attr+" stands") {
				item.Attrs[attr] = anything.Draw(t, attr)
			}
		}
		change, ok := ratios.Merge(nine, item)
		if !ok {
			return
		}
		res, err := store.Apply(item, change)
		if err != nil {
			return // a text or an overflow where a number should be: the record is lost to ratios, and no harm done
		}
		got := ratios.Of([]store.Item{res.Item})["m"]
		for name, r := range map[string][2]estimate.Ratio{"text": {got.Text, start.Text}, "fixed": {got.Fixed, start.Fixed}} {
			if !(r[0].PerToken >= r[1].PerToken/4-0.001 && r[0].PerToken <= r[1].PerToken*4+0.001) || r[0].Seen < 0 || r[0].Seen > 60 {
				t.Fatalf("%s is %+v after %v", name, r[0], item)
			}
		}
	})
}
