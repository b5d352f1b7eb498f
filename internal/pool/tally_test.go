package pool_test

import (
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestWhatTheRebalancerReads: latency, cost, tokens and the provider's own
// faults reach the key's record, each answer once.
func TestWhatTheRebalancerReads(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	p := newPool(table, keys(1), soon)
	b := book(t, p, ask(sonnet))
	b.Learn(t.Context(), pool.Outcome{})
	b.Note(1500*time.Millisecond, 420)
	b.Settle(t.Context(), upstream.Usage{InputTokens: 100, CacheWriteTokens: 50, CacheReadTokens: 450, OutputTokens: 30})
	r := record(t, table, keyRecord)
	for attr, want := range map[string]int64{
		records.AttrOK: 1, records.AttrLatencyMS: 1500, records.AttrLatencies: 1, records.AttrCost: 420,
		records.AttrInput: 150, records.AttrCacheRead: 450, records.AttrTokens: 630, records.AttrFaults: 0,
	} {
		if got := r.Int(attr); got != want {
			t.Errorf("%s: got %d, want %d", attr, got, want)
		}
	}
	if got := p.State(t.Context()).Groups[0].CacheReadPercent; got == nil || *got != 75 {
		t.Errorf("cache reads: got %v, want 75 percent", got)
	}
}

func TestFaultsAreNotRefusals(t *testing.T) {
	t.Parallel()
	for class, want := range map[upstream.Class][2]int64{ // faults, refusals
		upstream.Overload: {1, 0}, upstream.Provider: {1, 0}, upstream.Timeout: {1, 0}, upstream.Connect: {1, 0},
		upstream.Truncated: {1, 0}, upstream.RateLimit: {0, 1}, upstream.Auth: {0, 1}, upstream.Client: {0, 0},
	} {
		table := embedded.NewMemory()
		answer(t, newPool(table, keys(1), soon), failed(class))
		r := record(t, table, keyRecord)
		if got := [2]int64{r.Int(records.AttrFaults), r.Int(records.AttrRefused)}; got != want {
			t.Errorf("%s: %v faults and refusals, want %v", class, got, want)
		}
	}
}
