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

	restPrefix = "rest#"
)

// scopesOf lists every scope whose rest stands between a request and a key.
func scopesOf(key, group string, w Want) [4]scope {
	return [4]scope{
		{ofKey, key, everything}, {ofKey, key, w.Model},
		{ofGroup, group, everything}, {ofGroup, group, w.Family},
	}
}

// sort is the sort key of the scope's record, "rest#key#NAME#COVERS" or
// "rest#group#NAME#COVERS". Rests are apart from the key records (record.go),
// because the table may drop a rest once it is over.
func (s scope) sort() string {
	return restPrefix + s.kind + "#" + s.name + "#" + s.covers
}

// scopeOf undoes sort.
func scopeOf(sort string) scope {
	kind, tail, _ := strings.Cut(strings.TrimPrefix(sort, restPrefix), "#")
	name, covers, _ := strings.Cut(tail, "#")
	return scope{kind, name, covers}
}
