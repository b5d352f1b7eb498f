package pool_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/simprovider/quota"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

var seeded = pool.Quota{Pool: "claude", Group: "key-1", Family: sonnet}

func TestSeed(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_800_000_000_000)
	full := pool.Limits{Requests: 60, InputTokens: 30_000, OutputTokens: 8000}
	tests := []struct {
		name    string
		limits  pool.Limits
		at      time.Time
		changes bool
		want    pool.Limits
		version int64
	}{
		{"the same again", full, at, false, full, 1},
		{"the same later", full, at.Add(time.Hour), false, full, 1},
		{"others, as of the same moment", pool.Limits{Requests: 90}, at, false, full, 1},
		{"others, older", pool.Limits{Requests: 90}, at.Add(-1), false, full, 1},
		{"others, newer", pool.Limits{Requests: 90, InputTokens: 30_000, OutputTokens: 9000}, at.Add(time.Minute), true, pool.Limits{Requests: 90, InputTokens: 30_000, OutputTokens: 9000}, 2},
		{"one of them, newer", pool.Limits{InputTokens: 60_000}, at.Add(time.Minute), true, pool.Limits{Requests: 60, InputTokens: 60_000, OutputTokens: 8000}, 2},
		{"nothing", pool.Limits{}, at.Add(time.Minute), false, full, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := embedded.NewMemory()
			if changed, err := pool.Seed(t.Context(), table, seeded, full, at); !changed || err != nil {
				t.Fatalf("the first: changed %v, %v; want true", changed, err)
			}
			changed, err := pool.Seed(t.Context(), table, seeded, tt.limits, tt.at)
			if changed != tt.changes || err != nil {
				t.Errorf("changed %v, %v; want %v", changed, err, tt.changes)
			}
			r := record(t, table, quotaOfKey)
			got := pool.Limits{Requests: r.Int("requests_limit"), InputTokens: r.Int("input_limit"), OutputTokens: r.Int("output_limit")}
			if got != tt.want || r.Int("version") != tt.version {
				t.Errorf("got %+v, version %d; want %+v, version %d", got, r.Int("version"), tt.want, tt.version)
			}
		})
	}
}

// TestSeedOfNothing: to know nothing is not to know that there is no limit.
func TestSeedOfNothing(t *testing.T) {
	t.Parallel()
	table := embedded.NewMemory()
	if changed, err := pool.Seed(t.Context(), table, seeded, pool.Limits{}, time.Now()); changed || err != nil {
		t.Errorf("changed %v, %v; want nothing written", changed, err)
	}
	if got := items(t, table); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

// TestSeedThenHeaders: what the provider says with an answer is newer, and a
// quota that was seeded is not an unknown one.
func TestSeedThenHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := embedded.NewMemory()
		if _, err := pool.Seed(t.Context(), table, seeded, pool.Limits{Requests: 600}, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		p := newPool(table, keys(1), unconfigured)
		if n := fill(t, p, ask(sonnet)); n != 540 {
			t.Errorf("%d started at once on a seeded quota of 600, want 540", n)
		}
		time.Sleep(time.Minute)
		v := newVendor(quota.Limits{Requests: 60})
		v.request(t, p, size{})
		read := time.Now().Add(-time.Minute) // before that answer
		if changed, err := pool.Seed(t.Context(), table, seeded, pool.Limits{Requests: 600}, read); changed || err != nil {
			t.Errorf("an older seed: changed %v, %v; want false", changed, err)
		}
		if got := record(t, table, quotaOfKey).Int("requests_limit"); got != 60 {
			t.Errorf("got %d a minute, want the 60 that the headers told", got)
		}
	})
}

// TestSeedFailure: an error is the store's own.
func TestSeedFailure(t *testing.T) {
	t.Parallel()
	table := newFaulty()
	table.Down(true)
	if changed, err := pool.Seed(t.Context(), table, seeded, pool.Limits{Requests: 1}, time.Now()); changed || !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("the store is down: changed %v, %v; want its error", changed, err)
	}
	table.Down(false)
	table.LoseReplies(true)
	if changed, err := pool.Seed(t.Context(), table, seeded, pool.Limits{Requests: 1}, time.Now()); changed || !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("the reply is lost: changed %v, %v; want its error", changed, err)
	}
	table.LoseReplies(false)
	if changed, err := pool.Seed(t.Context(), table, seeded, pool.Limits{Requests: 1}, time.Now()); changed || err != nil {
		t.Errorf("again: changed %v, %v; want nothing left to do", changed, err)
	}
}
