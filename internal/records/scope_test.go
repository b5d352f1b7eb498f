package records_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/store"
)

// TestNames: these names are in tables; another would be another record.
func TestNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		got  store.Key
		want string
	}{
		{"key", records.Key("claude", "key-1"), "key#key-1"},
		{"key's rest", records.KeyScope("key-1", records.Everything).In("claude"), "rest#key#key-1#*"},
		{"key's rest for a model", records.KeyScope("key-1", "claude-sonnet-5").In("claude"), "rest#key#key-1#claude-sonnet-5"},
		{"group's rest", records.GroupScope("org-a", records.Everything).In("claude"), "rest#group#org-a#*"},
		{"quota, and the group's rest for a family", records.GroupScope("org-a", "claude-sonnet-5").In("claude"), "quota#org-a#claude-sonnet-5"},
		{"a family with a mark in its name", records.GroupScope("org-a", "a#b").In("claude"), records.QuotasOf("org-a") + "a#b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if want := (store.Key{Partition: "pool#claude", Sort: tt.want}); tt.got != want {
				t.Errorf("got %v, want %v", tt.got, want)
			}
		})
	}
}

func FuzzScope(f *testing.F) {
	f.Add(records.OfKey, "key-1", records.Everything)
	f.Add(records.OfGroup, "org-d7b11b4d13", "claude-sonnet-5")
	f.Add(records.OfGroup, "", "")
	f.Add(records.OfKey, "k", "a#b#c")
	f.Fuzz(func(t *testing.T, kind, name, covers string) {
		if strings.Contains(kind+name, "#") {
			return // names contain none: see config
		}
		want := records.Scope{Kind: kind, Name: name, Covers: covers}
		if got, ok := records.ScopeOf(want.Sort()); got != want || !ok {
			t.Errorf("got %+v, %v from %q, want %+v", got, ok, want.Sort(), want)
		}
	})
}

func FuzzScopeOfAnything(f *testing.F) {
	for _, sort := range []string{"", "#", "rest#", "rest#key", "rest#key#", "key#key-1", "rest#group#a#b#c", "quota#", "digest"} {
		f.Add(sort)
	}
	f.Fuzz(func(t *testing.T, sort string) {
		once, ok := records.ScopeOf(sort)
		if known := strings.HasPrefix(sort, "rest#") || strings.HasPrefix(sort, "quota#"); ok != known || !ok && once != (records.Scope{}) {
			t.Errorf("%q reads as %+v, %v", sort, once, ok)
		}
		if again, _ := records.ScopeOf(once.Sort()); ok && again != once {
			t.Errorf("%q reads as %+v, which reads as %+v", sort, once, again)
		}
	})
}
