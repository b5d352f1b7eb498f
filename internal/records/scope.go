package records

import (
	"strings"

	"github.com/fallow-dev/fallow/internal/store"
)

// Scope is what a rest covers: a key, a key for one model, a whole quota group,
// or a group for one model family.
type Scope struct {
	Kind   string // OfKey or OfGroup
	Name   string // of the key or group; it contains no "#"
	Covers string // a model, a family, or Everything
}

// What a Scope may be of, and what it covers when that is not one model or family.
const (
	OfKey      = "key"
	OfGroup    = "group"
	Everything = "*"
)

// KeyScope is a key, for one model or Everything.
func KeyScope(key, covers string) Scope { return Scope{OfKey, key, covers} }

// GroupScope is a quota group, for one model family or Everything.
func GroupScope(group, covers string) Scope { return Scope{OfGroup, group, covers} }

// Metered reports whether the scope is one that has a quota.
func (s Scope) Metered() bool { return s.Kind == OfGroup && s.Covers != Everything }

// Sort is the sort key of the scope's record: "rest#key#NAME#COVERS",
// "rest#group#NAME#*", or "quota#NAME#FAMILY". The last holds the quota as well,
// so that a reservation and the rest that forbids it meet in one item.
func (s Scope) Sort() string {
	if s.Metered() {
		return QuotaPrefix + s.Name + "#" + s.Covers
	}
	return RestPrefix + s.Kind + "#" + s.Name + "#" + s.Covers
}

// In names the scope's record in a pool.
func (s Scope) In(pool string) store.Key {
	return store.Key{Partition: Partition(pool), Sort: s.Sort()}
}

// ScopeOf undoes Sort; ok is false for records of other kinds.
func ScopeOf(sort string) (s Scope, ok bool) {
	s.Kind = OfGroup
	tail, ok := strings.CutPrefix(sort, QuotaPrefix)
	if !ok {
		if tail, ok = strings.CutPrefix(sort, RestPrefix); !ok {
			return Scope{}, false
		}
		s.Kind, tail, _ = strings.Cut(tail, "#")
	}
	s.Name, s.Covers, _ = strings.Cut(tail, "#")
	return s, true
}
