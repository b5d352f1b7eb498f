package ratios_test

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/estimate/ratios"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestShareVotesNowAndThen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	table := storetest.NewFaulty(embedded.NewMemory())
	var own estimate.Ratios
	learn := func() {
		own.Learn("m", estimate.Size{Text: 4000}, upstream.Usage{InputTokens: 1500, Exact: true})
	}
	s := ratios.NewShare(ratios.ShareConfig{
		Ratios: &own, Table: table, Pool: "p", Now: func() time.Time { return now }, Rand: func() float64 { return 0.5 },
	})
	writes := func() int64 { _, _, n := table.Calls(); return n }
	for _, step := range []struct {
		name string
		wait time.Duration
		want int64
	}{
		{"not at once", 0, 0},
		{"nor before its offset", 5*time.Minute - time.Second, 0},
		{"then", time.Second, 1},
		{"not again at once", 0, 1},
		{"after ten minutes", 10 * time.Minute, 2},
		{"and when the clock was set back", -24 * time.Hour, 3},
	} {
		learn()
		now = now.Add(step.wait)
		if s.Publish(t.Context()); writes() != step.want {
			t.Errorf("%s: %d writes, want %d", step.name, writes(), step.want)
		}
	}
}

// TestShareTakesWhatOthersLearned: one instance votes, the rebalancer counts,
// and another that has just begun estimates alike.
func TestShareTakesWhatOthersLearned(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	table := embedded.NewMemory()
	share := func(own *estimate.Ratios) *ratios.Share {
		return ratios.NewShare(ratios.ShareConfig{Ratios: own, Table: table, Pool: "p",
			Now: func() time.Time { return now }, Rand: func() float64 { return 0 }})
	}
	var old, fresh estimate.Ratios
	for range 200 {
		old.Learn("m", estimate.Size{Text: 4000}, upstream.Usage{InputTokens: 2000, Exact: true})
	}
	share(&old).Publish(t.Context())
	items := func() []store.Item {
		found, err := table.Query(t.Context(), "pool#p")
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, item := range items() {
		change, ok := ratios.Merge(now, item)
		if !ok {
			t.Fatalf("nothing to merge in %v", item)
		}
		if _, err := table.Update(t.Context(), item.Key, change); err != nil {
			t.Fatal(err)
		}
	}
	share(&fresh).Take(items())
	size := estimate.Size{Text: 4000}
	unlearned := new(estimate.Ratios).Tokens("m", size)
	if got, want := fresh.Tokens("m", size), old.Tokens("m", size); got <= (unlearned+want)/2 {
		t.Errorf("got %d tokens, want nearer to the other's %d than to the %d of one who knows nothing", got, want, unlearned)
	}
}
