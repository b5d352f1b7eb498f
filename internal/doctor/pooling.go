package doctor

import (
	"fmt"
	"maps"
	"slices"
)

// Pool is what shares a quota in a pool.
type Pool struct {
	Name     string `json:"name"`
	Provider string `json:"provider"`
	// Groups are the quota groups, in order of their names.
	Groups []Group `json:"groups"`
	// Gain says honestly what pooling these keys gains.
	Gain string `json:"gain"`

	findings []Finding
}

// Group is a quota group: keys that draw on one quota.
type Group struct {
	Name string   `json:"name"`
	Keys []string `json:"keys"`
	// Known says that the provider named the organisation, or the operator did;
	// otherwise the key stands alone because nothing is known of it.
	Known bool `json:"known"`
}

// poolOf groups the keys as package pool does (the operator's word, else the
// organisation learned, else the key by itself) and says what that gains.
func poolOf(name, provider string, trials []trial) Pool {
	p := Pool{Name: name, Provider: provider}
	groups := map[string]*Group{}
	for _, t := range trials {
		p.findings = append(p.findings, t.finding)
		group, known := t.key.Name, false
		switch {
		case t.key.Quota != "":
			group, known = t.key.Quota, true
		case t.owner != "":
			group, known = t.owner, true
		}
		if groups[group] == nil {
			groups[group] = &Group{Name: group, Known: known}
		}
		groups[group].Keys = append(groups[group].Keys, t.key.Name)
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		p.Groups = append(p.Groups, *groups[g])
	}
	f := p.gain(len(trials))
	p.Gain = f.What
	p.findings = append(append(p.findings, f), contradictions(name, trials)...)
	return p
}

const (
	more = "for more capacity ask the provider for a higher tier, cache prompts, send what may wait as batches; keys of one organisation add none"
	say  = "if you know the organisations, say so with quota: NAME beside the keys"
)

// gain says what pooling gains, and no more than is known.
func (p Pool) gain(keys int) Finding {
	about := "pooling, pool " + p.Name
	unknown := 0
	for _, g := range p.Groups {
		if !g.Known {
			unknown++
		}
	}
	n := len(p.Groups)
	switch {
	case keys == 1:
		return good(about, "1 key: there is nothing to pool; Fallow still rests it when it is limited")
	case unknown == n:
		return Finding{about, Warn, fmt.Sprintf("%d keys, and the provider does not say whose: whether pooling gains capacity is not known", keys), say}
	case unknown > 0:
		return Finding{about, Warn, fmt.Sprintf("%d keys, of which %d belong to %s; of %d it is not known whose they are", keys, keys-unknown,
			plural(n-unknown, "organisation"), unknown), say}
	case n == 1:
		return Finding{about, Warn, fmt.Sprintf("%d keys, 1 organisation: pooling gains rotation, not capacity", keys), more}
	case n < keys:
		return good(about, fmt.Sprintf("%d keys, %d organisations: pooling gains the capacity of %d quotas; keys within one share its limits", keys, n, n))
	}
	return good(about, fmt.Sprintf("%d keys, %d organisations: pooling gains the capacity of all %d", keys, n, n))
}

// contradictions finds keys that the document puts into different quotas though
// one organisation holds them: each would be used as if it had room of its own.
func contradictions(name string, trials []trial) (found []Finding) {
	first := map[string]trial{} // of each organisation, the first key with a quota
	for _, t := range trials {
		if t.owner == "" || t.key.Quota == "" {
			continue
		}
		other, seen := first[t.owner]
		if !seen {
			first[t.owner] = t
		} else if other.key.Quota != t.key.Quota {
			found = append(found, Finding{"pooling, pool " + name, Warn,
				fmt.Sprintf("%s (quota %s) and %s (quota %s) belong to one organisation, %s", other.key.Name, other.key.Quota, t.key.Name, t.key.Quota, t.owner),
				"give keys of one organisation one quota, or leave quota out; workspaces with limits of their own are an exception"})
		}
	}
	return found
}
