package pool

import "github.com/fallow-dev/fallow/internal/records"

// scopesOf lists every scope whose rest stands between a request and a key.
func scopesOf(key, group string, w Want) [4]records.Scope {
	return [4]records.Scope{
		records.KeyScope(key, records.Everything), records.KeyScope(key, w.Model),
		records.GroupScope(group, records.Everything), records.GroupScope(group, w.Family),
	}
}
