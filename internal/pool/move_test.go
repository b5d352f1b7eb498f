package pool

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// tells is an answer with limits of 60 requests, 60,000 tokens in and 6,000 out
// a minute, and all of it left.
func tells(owner string) Outcome {
	return Outcome{Signals: upstream.Signals{Owner: owner, Limits: []upstream.Limit{
		{Dimension: upstream.Requests, PerMinute: 60, Remaining: 60},
		{Dimension: upstream.InputTokens, PerMinute: 60_000, Remaining: 60_000},
		{Dimension: upstream.OutputTokens, PerMinute: 6000, Remaining: 6000},
	}}}
}

// unheardOf is a pool of one key of which nothing is known.
func unheardOf(table store.Table, set ...func(*Config)) *Pool {
	cfg := Config{Name: "p", Keys: []Key{{Name: "k", Weight: 1}}, Table: table, WaitBudget: time.Minute, Rand: func() float64 { return 0 }}
	for _, f := range set {
		f(&cfg)
	}
	return New(cfg)
}

// charged are the ms booked on a quota since a moment.
func charged(t *testing.T, table store.Table, group string, since time.Time) (ms [dimensions]int64) {
	t.Helper()
	item, _, err := table.Get(t.Context(), store.Key{Partition: "pool#p", Sort: "quota#" + group + "#f"})
	if err != nil {
		t.Fatal(err)
	}
	for d, at := range quotaOf(group, item).at {
		if at != 0 {
			ms[d] = at - since.UnixMilli()
		}
	}
	return ms
}

var ten = Want{Model: "f", Family: "f", Input: 10_000}

// TestMove: what was booked before anybody knew on what, or at which price, is
// charged where the answer says, at its price.
func TestMove(t *testing.T) {
	t.Parallel()
	org := records.OwnerName("acme")
	const cold = minute / coldLimit
	refused := tells("acme")
	refused.Fault = &upstream.Fault{Class: upstream.Client, Status: 400}
	configured := func(c *Config) { c.Limits = Limits{Requests: 60, InputTokens: 60_000} }
	tests := []struct {
		name       string
		set        []func(*Config)
		answers    []Outcome
		used       upstream.Usage
		atKey      [dimensions]int64 // what stands on the key's own quota
		ofOrg      [dimensions]int64 // and on its organisation's
		coldAtLast bool
	}{
		{"limits become known", nil, []Outcome{tells("")}, upstream.Usage{}, [dimensions]int64{1000, 10_000, 0}, [dimensions]int64{}, false},
		{"and the usage", nil, []Outcome{tells("")}, upstream.Usage{InputTokens: 4000, OutputTokens: 600}, [dimensions]int64{1000, 4000, 6000}, [dimensions]int64{}, false},
		{"so does the organisation", nil, []Outcome{tells("acme")}, upstream.Usage{}, [dimensions]int64{cold, 0, 0}, [dimensions]int64{1000, 10_000, 0}, false},
		{"and the usage there", nil, []Outcome{tells("acme")}, upstream.Usage{InputTokens: 14_000, OutputTokens: 600}, [dimensions]int64{cold, 0, 0}, [dimensions]int64{1000, 14_000, 6000}, false},
		{"no limit is ever told", nil, []Outcome{{}}, upstream.Usage{InputTokens: 14_000, OutputTokens: 600}, [dimensions]int64{cold, 0, 0}, [dimensions]int64{}, false},
		{"it breaks off later", nil, []Outcome{tells("acme"), {Fault: &upstream.Fault{Class: upstream.Truncated}}}, upstream.Usage{InputTokens: 4000, OutputTokens: 600}, [dimensions]int64{cold, 0, 0}, [dimensions]int64{1000, 4000, 6000}, false},
		// A refusal took nothing, there or here; what was booked on an unknown
		// quota is not given back.
		{"a refusal tells it", nil, []Outcome{refused}, upstream.Usage{}, [dimensions]int64{cold, 0, 0}, [dimensions]int64{}, true},
		{"only the organisation becomes known", []func(*Config){configured}, []Outcome{{Signals: upstream.Signals{Owner: "acme"}}}, upstream.Usage{InputTokens: 14_000}, [dimensions]int64{1000, 10_000, 0}, [dimensions]int64{1000, 14_000, 0}, false},
		{"nothing does that matters", []func(*Config){configured}, []Outcome{{}}, upstream.Usage{InputTokens: 14_000}, [dimensions]int64{1000, 14_000, 0}, [dimensions]int64{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				table, now := embedded.NewMemory(), time.Now()
				b, err := unheardOf(table, tt.set...).Book(t.Context(), ten)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range tt.answers {
					b.Learn(t.Context(), o)
				}
				b.Measured(t.Context(), upstream.Usage{InputTokens: tt.used.InputTokens})
				b.Settle(t.Context(), tt.used)
				if key, group := charged(t, table, "k", now), charged(t, table, org, now); key != tt.atKey || group != tt.ofOrg {
					t.Errorf("charged %v to the key and %v to its organisation, want %v and %v", key, group, tt.atKey, tt.ofOrg)
				}
				if b.cold != tt.coldAtLast {
					t.Errorf("booked on an unknown quota: %v, want %v", b.cold, tt.coldAtLast)
				}
			})
		})
	}
}

// TestMoveOfMany: a burst that is sent before anybody knows whose keys they are
// is charged in full to the one quota that they turn out to share.
func TestMoveOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table, now := storetest.NewFaulty(embedded.NewMemory()), time.Now()
		table.Delay(3 * time.Millisecond)
		var all []*Booking
		for range 10 {
			b, err := unheardOf(table).Book(t.Context(), ten)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b)
		}
		done := make(chan struct{})
		for _, b := range all { // each another instance
			go func() {
				b.Learn(t.Context(), tells("acme"))
				b.Settle(t.Context(), upstream.Usage{InputTokens: 5000, OutputTokens: 100})
				done <- struct{}{}
			}()
		}
		for range all {
			<-done
		}
		// Small corrections are owed, and what refilled meanwhile is not much.
		got, late := charged(t, table, records.OwnerName("acme"), now), int64(records.FullBurst/relaxedPart)
		for d, want := range [dimensions]int64{10 * 1000, 10 * 5000, 10 * 1000} {
			owed := int64(0)
			for _, b := range all {
				owed += b.pool.owed[b.on][d]
			}
			if sum := got[d] + owed; sum < want || sum > want+late {
				t.Errorf("%s: %d ms charged and %d owed, want %d", attrAt[d], got[d], owed, want)
			}
		}
	})
}
