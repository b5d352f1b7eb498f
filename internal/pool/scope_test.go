package pool

import (
	"strings"
	"testing"
)

func FuzzScope(f *testing.F) {
	f.Add(ofKey, "key-1", everything)
	f.Add(ofGroup, "org-d7b11b4d13", "claude-sonnet-5")
	f.Add(ofGroup, "", "")
	f.Add(ofKey, "k", "a#b#c")
	f.Fuzz(func(t *testing.T, kind, name, covers string) {
		if strings.Contains(kind+name, "#") {
			return // names contain none: see config
		}
		want := scope{kind, name, covers}
		if got := scopeOf(want.sort()); got != want {
			t.Errorf("got %+v from %q, want %+v", got, want.sort(), want)
		}
	})
}

func FuzzScopeOfAnything(f *testing.F) {
	for _, sort := range []string{"", "#", "rest#", "rest#key", "rest#key#", "key#key-1", "rest#group#a#b#c"} {
		f.Add(sort)
	}
	f.Fuzz(func(t *testing.T, sort string) {
		once := scopeOf(sort)
		if again := scopeOf(once.sort()); again != once {
			t.Errorf("%q reads as %+v, which reads as %+v", sort, once, again)
		}
	})
}
