package pool

import "strings"

// scope is what a rest covers: a key, a key for one model, a whole quota
// group, or a group for one model family.
type scope struct {
	kind   string // ofKey or ofGroup
	name   string // of the key or group; it contains no "#"
	covers string // a model, a family, or everything
}

const (
	ofKey      = "key"
	ofGroup    = "group"
	everything = "*"

	restPrefix  = "rest#"
	quotaPrefix = "quota#"
)

// scopesOf lists every scope whose rest stands between a request and a key.
func scopesOf(key, group string, w Want) [4]scope {
	return [4]scope{
		{ofKey, key, everything}, {ofKey, key, w.Model},
		{ofGroup, group, everything}, {ofGroup, group, w.Family},
	}
}

// sort is the sort key of the scope's record: "rest#key#NAME#COVERS",
// "rest#group#NAME#*", or "quota#NAME#FAMILY". The last holds the quota as well,
// so that a reservation and the rest that forbids it meet in one item.
func (s scope) sort() string {
	if s.metered() {
		return quotaPrefix + s.name + "#" + s.covers
	}
	return restPrefix + s.kind + "#" + s.name + "#" + s.covers
}

// metered reports whether the scope is one that has a quota.
func (s scope) metered() bool { return s.kind == ofGroup && s.covers != everything }

// scopeOf undoes sort.
func scopeOf(sort string) scope {
	if tail, ok := strings.CutPrefix(sort, quotaPrefix); ok {
		name, covers, _ := strings.Cut(tail, "#")
		return scope{ofGroup, name, covers}
	}
	kind, tail, _ := strings.Cut(strings.TrimPrefix(sort, restPrefix), "#")
	name, covers, _ := strings.Cut(tail, "#")
	return scope{kind, name, covers}
}
