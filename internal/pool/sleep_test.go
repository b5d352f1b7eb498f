package pool

import (
	"context"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestSleepIsTheCallers: with a time of its own a pool waits by it alone, and
// has written all that it learned when a call returns.
func TestSleepIsTheCallers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var slept time.Duration
	table := embedded.NewMemory()
	p := New(Config{
		Name: "p", Keys: []Key{{Name: "k", Weight: 1}}, Table: table, WaitBudget: time.Minute, Limits: Limits{Requests: 1},
		Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration, _ <-chan struct{}) bool {
			slept, now = slept+d, now.Add(d)
			return true
		},
	})
	began := time.Now()
	for range 3 { // the first tells whose key it is, which is another quota
		b, err := p.Book(t.Context(), Want{Model: "m", Family: "f", Input: 1})
		if err != nil {
			t.Fatal(err)
		}
		b.Learn(t.Context(), Outcome{Signals: upstream.Signals{Owner: "org"}})
		if owner := ownerOf(t, table); owner == "" {
			t.Error("Learn returned before its write")
		}
		b.Settle(t.Context(), upstream.Usage{})
	}
	if slept < 50*time.Second || time.Since(began) > 10*time.Second {
		t.Errorf("it slept %v in its own time and %v in ours", slept, time.Since(began))
	}
}

func ownerOf(t *testing.T, table *embedded.Memory) string {
	t.Helper()
	item, _, err := table.Get(t.Context(), records.Key("p", "k"))
	if err != nil {
		t.Fatal(err)
	}
	return item.Str(records.AttrOwner)
}
