package rebalance

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

var nine = time.Date(2026, 11, 22, 9, 0, 30, 0, time.UTC)

func document(keys ...string) *config.Config {
	doc := &config.Config{Pools: map[string]config.Pool{}}
	p := config.Pool{Provider: "anthropic"}
	for _, k := range keys {
		p.Keys = append(p.Keys, config.Key{Name: k, Weight: 1})
	}
	doc.Pools["claude"] = p
	return doc
}

// counted adds answers to a key as instances do.
func counted(t *testing.T, table store.Table, key string, ok, refused int64) {
	t.Helper()
	_, err := table.Update(t.Context(), pool.KeyRecord("claude", key),
		store.Change{Do: []store.Assign{store.Add(pool.AttrOK, ok), store.Add(pool.AttrRefused, refused)}})
	if err != nil {
		t.Fatal(err)
	}
}

func weight(t *testing.T, table store.Table, key string) store.Item {
	t.Helper()
	item, _, err := table.Get(t.Context(), pool.KeyRecord("claude", key))
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func runner(table store.Table, now time.Time, keys ...string) *Runner {
	return New(Config{Document: document(keys...), Table: table, Now: func() time.Time { return now }})
}

func TestRunMovesAndRestoresWeights(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	counted(t, table, "bad", 10, 90)
	counted(t, table, "good", 100, 0)

	for minute := range 3 {
		if minute > 0 {
			counted(t, table, "bad", 0, 10)
		}
		if _, err := runner(table, nine.Add(time.Duration(minute)*time.Minute), "bad", "good", "unused").Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := weight(t, table, "bad").Int(pool.AttrWeight); got != 700 {
		t.Errorf("bad key after three minutes: weight %d, want 700", got)
	}
	if got := weight(t, table, "good").Int(pool.AttrWeight); got != 1000 {
		t.Errorf("good key: weight %d, want 1000", got)
	}
	if got := weight(t, table, "unused"); got.Has(pool.AttrWeight) {
		t.Errorf("unused key got a weight: %v", got)
	}
	for minute := 3; minute < 6; minute++ { // quiet: nothing new is counted
		if _, err := runner(table, nine.Add(time.Duration(minute)*time.Minute), "bad").Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	item := weight(t, table, "bad")
	if got := item.Int(pool.AttrWeight); got != 1000 {
		t.Errorf("bad key after three quiet minutes: weight %d, want 1000", got)
	}
	if why := item.Str(pool.AttrWeightWhy); why != "nothing against it" {
		t.Errorf("reason = %q", why)
	}
}

func TestTwoRunsInOneMinuteMoveOnce(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	counted(t, table, "bad", 0, 100)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var total Report
	for skew := range 8 { // the schedule fires at least once, not exactly once
		wg.Go(func() {
			report, err := runner(table, nine.Add(time.Duration(skew)*time.Second), "bad").Run(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			total.Decided += report.Decided
			total.Fenced += report.Fenced
		})
	}
	wg.Wait()
	if total.Decided != 1 || total.Fenced != 7 {
		t.Errorf("decided %d and fenced %d, want 1 and 7", total.Decided, total.Fenced)
	}
	if got := weight(t, table, "bad").Int(pool.AttrWeight); got != 900 {
		t.Errorf("weight %d, want 900: one stride for one minute", got)
	}
}

// broken fails every update of one key.
type broken struct {
	store.Table
	sort string
}

func (b broken) Update(ctx context.Context, k store.Key, c store.Change) (store.Result, error) {
	if k.Sort == b.sort {
		return store.Result{}, errors.New("no answer")
	}
	return b.Table.Update(ctx, k, c)
}

func TestOneFailureDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	counted(t, table, "a", 0, 100)
	counted(t, table, "b", 0, 100)
	report, err := runner(broken{table, pool.KeyRecord("claude", "a").Sort}, nine, "a", "b").Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "key a: no answer") {
		t.Errorf("err = %v, want it to name key a", err)
	}
	if report.Decided != 1 || report.Moved != 1 {
		t.Errorf("report = %+v, want key b decided and moved", report)
	}
}
