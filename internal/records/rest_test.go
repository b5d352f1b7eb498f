package records_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// drawRest is any rest as a writer makes it: nobody's probe.
func drawRest(t *rapid.T, on records.Scope) records.Rest {
	at := rapid.Int64Range(1, 1<<42)
	return records.Rest{
		On: on, Until: at.Draw(t, "until"), Set: at.Draw(t, "set"),
		Class: upstream.Class(rapid.SampledFrom([]string{"auth", "billing", ""}).Draw(t, "class")), Why: rapid.String().Draw(t, "why"),
		Quarantine: rapid.Bool().Draw(t, "quarantine"), Count: at.Draw(t, "count"),
	}
}

// written makes the assignments and reads the rest back. The record is of a
// quota too, of which they must leave everything.
func written(t *rapid.T, table store.Table, on records.Scope, do ...store.Assign) records.Rest {
	res, err := table.Update(t.Context(), on.In("claude"), store.Change{Do: do})
	if err != nil {
		t.Fatal(err)
	}
	if res.Item.Int(records.AttrInputAt) != 7 {
		t.Fatalf("the quota's attributes are gone: %v", res.Item)
	}
	r, ok := records.RestOf(res.Item)
	if !ok {
		t.Fatalf("%v is no record of a rest", res.Item.Key)
	}
	return r
}

// TestWhatIsWrittenIsRead: through a life of beginning, probing, extending and
// ending, the record tells the rest that was written and nothing of the former.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		on, table := records.GroupScope("org-a", "claude-sonnet-5"), embedded.NewMemory()
		quota := store.Set(records.AttrInputAt, store.Num(7))
		probe := []store.Assign{quota, store.Set(records.AttrProbeUntil, store.Num(9)), store.Set(records.AttrProbeBy, store.Text("me"))}
		first, second := drawRest(t, on), drawRest(t, on)
		if got := written(t, table, on, append(first.Begin(), quota)...); got != first {
			t.Fatalf("begun (-want +got):\n%s", cmp.Diff(first, got))
		}
		longer := first
		longer.Until, longer.Class, longer.Why = second.Until, second.Class, second.Why
		longer.Quarantine = first.Quarantine || second.Quarantine
		if got := written(t, table, on, second.Extend()...); got != longer {
			t.Fatalf("extended (-want +got):\n%s", cmp.Diff(longer, got))
		}
		longer.Probe, longer.ProbeBy = 9, "me"
		if got := written(t, table, on, probe...); got != longer {
			t.Fatalf("probed (-want +got):\n%s", cmp.Diff(longer, got))
		}
		over := records.Rest{On: on, Set: second.Set, Why: "over"}
		if got := written(t, table, on, records.End(second.Set, "over")...); got != over {
			t.Fatalf("ended (-want +got):\n%s", cmp.Diff(over, got))
		}
		written(t, table, on, probe...)
		if got := written(t, table, on, second.Begin()...); got != second {
			t.Fatalf("begun again (-want +got):\n%s", cmp.Diff(second, got))
		}
	})
}

func TestRestOfOtherRecords(t *testing.T) {
	t.Parallel()
	item := store.Item{Key: records.Key("claude", "key-1"), Attrs: map[string]store.Value{records.AttrUntil: store.Num(1)}}
	if r, ok := records.RestOf(item); ok || r != (records.Rest{}) {
		t.Errorf("a key's record reads as %+v, %v", r, ok)
	}
}

func TestStandsAndLapsed(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	ms := now.UnixMilli()
	day := records.KeepRest.Milliseconds()
	tests := []struct {
		name           string
		rest           records.Rest
		stands, lapsed bool
	}{
		{"none", records.Rest{}, false, true},
		{"cooldown", records.Rest{Set: ms - 5, Until: ms + 1}, true, false},
		{"cooldown at its end", records.Rest{Set: ms - 5, Until: ms}, false, false},
		{"quarantine that has run out", records.Rest{Set: ms - 5, Until: ms, Quarantine: true}, true, false},
		{"just ended", records.Rest{Set: ms}, false, false},
		{"run out a day ago", records.Rest{Set: ms - 2*day, Until: ms - day}, false, false},
		{"run out longer ago", records.Rest{Set: ms - 2*day, Until: ms - day - 1, Quarantine: true}, true, true},
		{"set by a clock ahead", records.Rest{Set: ms + 5, Until: ms - 2*day}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.rest.Stands(now); got != tt.stands {
				t.Errorf("stands %v, want %v", got, tt.stands)
			}
			if got := tt.rest.Lapsed(now); got != tt.lapsed {
				t.Errorf("lapsed %v, want %v", got, tt.lapsed)
			}
		})
	}
}

// TestTTL: DynamoDB takes seconds; in milliseconds nothing would ever be dropped.
func TestTTL(t *testing.T) {
	t.Parallel()
	if got, want := records.TTL(1_800_000_000_999, records.KeepQuota).Int(), int64(1_800_000_000+7*86_400); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestOwnerName: the id itself must not be stored, and a table holds the hash.
func TestOwnerName(t *testing.T) {
	t.Parallel()
	if got, want := records.OwnerName("organisation-a"), "org-eeab987e0b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
