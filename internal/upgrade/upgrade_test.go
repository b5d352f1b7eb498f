package upgrade

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/store"
)

// earlier is the release whose records are kept.
const earlier = "testdata/5eb8733.json"

// TestEarlierRecordsAreUnderstood: groups, rests and what may be booked are what
// the release that wrote them took them for.
func TestEarlierRecordsAreUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(later)
		want := load[standing](t, earlier+".standing")
		got := read(t, restore(t, load[[]record](t, earlier)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("standing (-as it was written +as it is read):\n%s", diff)
		}
	})
}

// TestEarlierRecordsWorkOn: today's code goes on from them, and a rest that
// another release began ends as its own do.
func TestEarlierRecordsWorkOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(later)
		table := restore(t, load[[]record](t, earlier))
		tune(t, table)
		p := open(table)
		if free(t, p, "key-1", sonnet) {
			t.Error("key-1 is free, but rests")
		}
		if n, err := p.Clear(context.Background(), p.State(t.Context()).Groups[0].Name); n != 1 || err != nil {
			t.Errorf("cleared %d, %v; want the one rest of the first group", n, err)
		}
		if !free(t, p, "key-1", sonnet) {
			t.Error("key-1 is not free after its rest was cleared")
		}
		time.Sleep(10 * time.Minute)
		if !free(t, open(table), "key-5", haiku) {
			t.Error("key-5 is not free after its rest is over")
		}
	})
}

// TestLaterRecordsKeepWhatIsUnknown: what a later release has added to a record
// is neither read wrongly nor lost, for that release comes back.
func TestLaterRecordsKeepWhatIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(later)
		records := load[[]record](t, earlier)
		for _, r := range records {
			r.Numbers["from_the_future"] = 7
			if r.Texts == nil {
				continue
			}
			r.Texts["of_the_future"] = "a text"
		}
		records = append(records, record{"pool#claude", "future#thing", map[string]int64{"until": 1 << 40}, map[string]string{"class": "new"}})
		table := restore(t, records)
		if diff := cmp.Diff(load[standing](t, earlier+".standing"), read(t, table)); diff != "" {
			t.Errorf("standing (-without +with what is unknown):\n%s", diff)
		}
		goOn(t, table)
		after := map[string]record{}
		for _, r := range dump(t, table) {
			after[r.Sort] = r
		}
		for _, r := range records {
			if r.Sort != "future#thing" && after[r.Sort].Numbers["from_the_future"] != 7 {
				t.Errorf("%s lost what it did not know: %v", r.Sort, after[r.Sort])
			}
		}
		if got := after["future#thing"]; got.Texts["class"] != "new" || got.Numbers["until"] != 1<<40 {
			t.Errorf("a record of an unknown kind became %v", got)
		}
	})
}

// goOn is more of the same: it writes to every kind of record.
func goOn(t *testing.T, table store.Table) {
	t.Helper()
	p := open(table)
	for _, g := range p.State(t.Context()).Groups {
		if _, err := p.Clear(context.Background(), g.Name); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Hour)
	live(t, table)
	tune(t, table)
}

// TestEarlierReleaseUnderstandsToday: testdata/today.json is what today's code
// writes and the earlier release was seen to read as today's does. Records of
// another form have not been seen by it.
func TestEarlierReleaseUnderstandsToday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := embeddedTable()
		live(t, table)
		if diff := cmp.Diff(forms(load[[]record](t, "testdata/today.json")), forms(dump(t, table))); diff != "" {
			t.Errorf("forms of the records (-seen by the earlier release +today's):\n%s\nrun: make upgrade-test", diff)
		}
	})
	today := load[standing](t, "testdata/today.json.standing")
	if diff := cmp.Diff(today, load[standing](t, "testdata/today-read-by-5eb8733.standing")); diff != "" {
		t.Errorf("standing (-today's +the earlier release's):\n%s", diff)
	}
}

// forms are the names and types of the attributes, by record.
func forms(records []record) map[string][]string {
	all := map[string][]string{}
	for _, r := range records {
		names := slices.Sorted(maps.Keys(r.Numbers))
		for _, name := range slices.Sorted(maps.Keys(r.Texts)) {
			names = append(names, name+" (text)")
		}
		all[r.Sort] = names
	}
	return all
}
