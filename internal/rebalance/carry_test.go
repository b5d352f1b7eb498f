package rebalance

import (
	"slices"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// TestRestsFollowTheirKey: what rested under the key's own name rests in the
// group that it turned out to belong to, and every instance is made to look.
func TestRestsFollowTheirKey(t *testing.T) {
	t.Parallel()
	table := newTable()
	counted(t, table, "key-1", records.AttrOK, 1)
	put(t, table, "quota#org-a#"+sonnet, attrs{records.AttrVersion: 4, records.AttrRequestsLimit: 50})
	put(t, table, "quota#org-a#claude-haiku-4-5", attrs{records.AttrVersion: 1})
	put(t, table, "rest#group#key-1#*", quarantined(upstream.Billing, after(-time.Minute), after(9*time.Minute)))
	put(t, table, "quota#key-1#"+sonnet, resting(upstream.RateLimit, after(-10*time.Second), after(20*time.Second)))
	if report := run(t, table, nine, "key-1"); report.Carried != 0 || len(report.Regrouped) != 1 {
		t.Errorf("report %+v, want nothing carried while the key is its own group", report)
	}
	put(t, table, "key#key-1", attrs{records.AttrOwner: "org-a"})
	report := run(t, table, after(time.Second), "key-1")
	if report.Carried != 2 || !slices.Equal(report.Regrouped, []string{"key-1"}) {
		t.Errorf("report %+v, want two rests carried", report)
	}
	want(t, table, "rest#group#org-a#*", attrs{
		records.AttrUntil: after(9 * time.Minute), records.AttrSetAt: after(-time.Minute), records.AttrQuarantine: 1, records.AttrCount: 1,
		records.AttrClass: upstream.Billing, records.AttrWhy: "carried over from key-1: provider said billing",
		records.AttrTTL: after(9*time.Minute+24*time.Hour).UnixMilli() / 1000,
	})
	// The one of the family bumps its own quota, that of the group all.
	want(t, table, "quota#org-a#"+sonnet, attrs{records.AttrUntil: after(20 * time.Second), records.AttrVersion: 6, records.AttrRequestsLimit: 50})
	want(t, table, "quota#org-a#claude-haiku-4-5", attrs{records.AttrVersion: 2})
	want(t, table, "key#key-1", attrs{records.AttrGroup: "org-a", records.AttrGroupOwner: "org-a"})
	if report = run(t, table, after(2*time.Second), "key-1"); report.Carried != 0 || report.Fenced != 0 {
		t.Errorf("report %+v, want nothing to carry twice", report)
	}
}

// TestCarryTo: the end in the new group never moves to earlier, and what was
// disproved there is not brought back.
func TestCarryTo(t *testing.T) {
	t.Parallel()
	began, soon, late := after(-time.Minute), after(time.Minute), after(10*time.Minute)
	ended := func(at time.Time) attrs {
		return attrs{records.AttrUntil: 0, records.AttrSetAt: at, records.AttrQuarantine: 0, records.AttrCount: 0}
	}
	tests := []struct {
		name        string
		from, there attrs
		want        attrs // of the record there; nil: it stays
	}{
		{"into nothing", resting("rate_limit", began, late), nil,
			attrs{records.AttrUntil: late, records.AttrSetAt: began, records.AttrQuarantine: 0}},
		{"over a rest that is over", resting("rate_limit", began, late), resting("ramp", after(-time.Hour), after(-time.Minute)),
			attrs{records.AttrUntil: late, records.AttrSetAt: began}},
		{"over one that began later and is over", resting("rate_limit", began, late), resting("ramp", after(-30*time.Second), after(-time.Second)),
			attrs{records.AttrUntil: late, records.AttrSetAt: after(-30*time.Second + time.Millisecond)}},
		{"longer than the one there", resting("ramp", began, late), resting("rate_limit", after(-5*time.Second), soon),
			attrs{records.AttrUntil: late, records.AttrSetAt: after(-5 * time.Second), records.AttrClass: "ramp"}},
		{"shorter than the one there", resting("ramp", began, soon), resting("rate_limit", after(-5*time.Second), late), nil},
		{"shorter, but a quarantine", quarantined("billing", began, soon), resting("rate_limit", after(-5*time.Second), late),
			attrs{records.AttrUntil: late, records.AttrQuarantine: 1, records.AttrClass: "rate_limit"}},
		{"a hold that ends earlier", quarantined(upstream.Hold, began, soon), resting("rate_limit", after(-5*time.Second), late),
			attrs{records.AttrUntil: late, records.AttrQuarantine: 1, records.AttrClass: upstream.Hold}},
		{"into a hold", quarantined(upstream.Billing, began, late), resting(upstream.Hold, after(-5*time.Second), soon),
			attrs{records.AttrUntil: late, records.AttrQuarantine: 1, records.AttrClass: upstream.Hold}},
		{"as long as the one there", resting("ramp", began, soon), resting("rate_limit", began, soon), nil},
		{"run out, but not probed", quarantined("billing", began, after(-time.Second)), nil,
			attrs{records.AttrUntil: after(-time.Second), records.AttrQuarantine: 1}},
		{"run out", resting("ramp", began, after(-time.Second)), nil, attrs{}},
		{"run out for a day", quarantined("billing", after(-50*time.Hour), after(-25*time.Hour)), nil, attrs{}},
		{"disproved there since", quarantined("billing", began, late), ended(after(-time.Second)), nil},
		{"began after the proof", quarantined("billing", began, late), ended(after(-2 * time.Minute)),
			attrs{records.AttrUntil: late, records.AttrSetAt: began, records.AttrQuarantine: 1}},
		{"of a key", nil, nil, attrs{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			put(t, table, "key#key-1", attrs{records.AttrOwner: "org-a", records.AttrOK: 1})
			put(t, table, "rest#key#key-1#*", quarantined(upstream.Auth, began, late))
			if tt.from != nil {
				put(t, table, "rest#group#key-1#*", tt.from)
			}
			if tt.there != nil {
				put(t, table, "rest#group#org-a#*", tt.there)
			}
			for range 2 { // the second time nothing more
				run(t, table, nine, "key-1")
				switch {
				case tt.want == nil:
					want(t, table, "rest#group#org-a#*", tt.there)
				case len(tt.want) == 0:
					if got := get(t, table, "rest#group#org-a#*"); len(got.Attrs) != 0 {
						t.Errorf("carried: %v", got)
					}
				default:
					want(t, table, "rest#group#org-a#*", tt.want)
				}
			}
		})
	}
}

// TestAliases: under which names a key's troubles may have been written down.
func TestAliases(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		keys   []string // of the document; the first is looked at
		record attrs
		want   []string
	}{
		{"nothing known", []string{"key-1"}, nil, nil},
		{"organisation learned", []string{"key-1"}, attrs{records.AttrOwner: "org-a"}, []string{"key-1"}},
		{"quota named", []string{"key-1=team"}, nil, []string{"key-1"}},
		{"quota named over an organisation", []string{"key-1=team"}, attrs{records.AttrOwner: "org-a"}, []string{"key-1", "org-a"}},
		{"quota renamed", []string{"key-1=new"}, attrs{records.AttrGroup: "old"}, []string{"key-1", "old"}},
		{"quota no longer named", []string{"key-1"}, attrs{records.AttrOwner: "org-a", records.AttrGroup: "old", records.AttrGroupOwner: "org-a"}, []string{"key-1", "old"}},
		{"the secret is another organisation's now", []string{"key-1"}, attrs{records.AttrOwner: "org-b", records.AttrGroup: "org-a", records.AttrGroupOwner: "org-a"}, []string{"key-1"}},
		{"others are still in the old group", []string{"key-1=new", "key-2=old"}, attrs{records.AttrGroup: "old"}, []string{"key-1"}},
		{"a group that is named like the key", []string{"key-1=team", "key-2=key-1"}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := newTable()
			if tt.record != nil {
				put(t, table, "key#key-1", tt.record)
			}
			items := map[store.Key]store.Item{}
			if item := get(t, table, "key#key-1"); len(item.Attrs) > 0 {
				items[item.Key] = item
			}
			v := newView(nine, "claude", document(tt.keys...).Pools["claude"], items)
			if got := v.aliases(v.keys[0]); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRestsOfSeveralNamesJoin: two keys that were groups of their own and turn
// out to be one give it the longer rest and the stricter end.
func TestRestsOfSeveralNamesJoin(t *testing.T) {
	t.Parallel()
	table := newTable()
	for _, key := range []string{"key-1", "key-2"} {
		put(t, table, "key#"+key, attrs{records.AttrOwner: "org-a", records.AttrOK: 1})
	}
	put(t, table, "rest#group#key-1#*", quarantined(upstream.Billing, after(-time.Minute), after(time.Minute)))
	put(t, table, "rest#group#key-2#*", resting(upstream.Concurrency, after(-time.Second), after(2*time.Minute)))
	report := run(t, table, nine, "key-1", "key-2")
	if report.Carried != 1 || !slices.Equal(report.Shared, []string{"keys key-1, key-2 are one organisation: pooling them gains rotation, not capacity"}) {
		t.Errorf("report %+v", report)
	}
	want(t, table, "rest#group#org-a#*", attrs{
		records.AttrUntil: after(2 * time.Minute), records.AttrSetAt: after(-time.Second), records.AttrQuarantine: 1,
		records.AttrWhy: "carried over from key-2: provider said concurrency",
	})
}

func TestShared(t *testing.T) {
	t.Parallel()
	table := newTable()
	put(t, table, "key#a", attrs{records.AttrOwner: "org-a", records.AttrOK: 1})
	keys := []string{"a=team", "b=team", "c"}
	for i := range 10 {
		keys = append(keys, string(rune('k'+i))+"=many")
	}
	want := []string{
		"keys k, l, m, n, o, p, q, r, and 2 more share one quota: pooling them gains rotation, not capacity",
		"keys a, b share one quota: pooling them gains rotation, not capacity",
	}
	if got := run(t, table, nine, keys...).Shared; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNotRegroupedBeforeAllIsCarried: a table that fails in between must not
// make the next run forget what is left.
func TestNotRegroupedBeforeAllIsCarried(t *testing.T) {
	t.Parallel()
	table := newTable()
	put(t, table, "key#key-1", attrs{records.AttrOK: 1, records.AttrGroup: "old"})
	put(t, table, "rest#group#old#*", quarantined(upstream.Billing, after(-time.Minute), after(time.Minute)))
	if _, err := runner(broken{table, "rest#group#new#*"}, nine, "key-1=new").Run(t.Context()); err == nil {
		t.Error("the failure is not told")
	}
	want(t, table, "key#key-1", attrs{records.AttrGroup: "old"})
	run(t, table, after(time.Second), "key-1=new")
	want(t, table, "key#key-1", attrs{records.AttrGroup: "new"})
	want(t, table, "rest#group#new#*", attrs{records.AttrUntil: after(time.Minute)})
}
