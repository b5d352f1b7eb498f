package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

func checkPools(pools map[string]Pool, r *report) {
	if len(pools) == 0 {
		r.add("pools", "is missing: at least one pool of keys is needed")
	}
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		path := join("pools", name)
		p := pools[name]
		checkName(name, path, r)
		checkProvider(p, path, r)
		checkKeys(p, join(path, "keys"), r)
		checkWorkspace(p, join(path, "workspace"), r)
		checkAdminKey(p, join(path, "admin_key"), r)
		checkLimits(p.Limits, join(path, "limits"), r)
		if p.WaitBudget < 0 || p.WaitBudget > maxTotal {
			r.add(join(path, "wait_budget"), "is %v, must be from 0s to %v", p.WaitBudget, maxTotal)
		}
		checkTimeouts(p.Timeouts, join(path, "timeouts"), r)
	}
}

func checkProvider(p Pool, path string, r *report) {
	at := join(path, "provider")
	switch {
	case p.Provider == "":
		r.add(at, "is missing: write anthropic, openai or another of %s", strings.Join(providers[2:], ", "))
	case !slices.Contains(providers, p.Provider):
		r.add(at, "there is no provider %s; %s", show(p.Provider), hint(p.Provider, providers))
	}
	checkEndpoint(p, join(path, "base_url"), r)
}

func checkEndpoint(p Pool, path string, r *report) {
	if p.BaseURL == "" {
		if form := endpointForms[p.Provider]; form != "" {
			r.add(path, "is missing: %s has no endpoint of its own; write %s", p.Provider, form)
		}
		return
	}
	err := checkBaseURL(p.BaseURL)
	if own := endpointChecks[p.Provider]; err == nil && own != nil {
		err = own(p.BaseURL)
	}
	if err != nil {
		r.add(path, "%v", err)
	}
}

func checkKeys(p Pool, path string, r *report) {
	if len(p.Keys) == 0 {
		r.add(path, "is missing: a pool needs at least one {name, secret}")
	}
	names, refs := unique[string]{}, unique[secret.Ref]{}
	for i, k := range p.Keys {
		at := item(path, i)
		checkName(k.Name, join(at, "name"), r)
		names.check(k.Name, join(at, "name"), r, "is the same as %s: names are unique in a pool")
		if ref, ok := checkKeySecret(p, k.Secret, join(at, "secret"), r); ok {
			refs.check(ref, join(at, "secret"), r, "is the same as %s: one key twice is not more quota; use weight")
		}
		if !(k.Weight > 0 && k.Weight <= maxWeight) { // also refuses NaN
			r.add(join(at, "weight"), "is %v, must be more than 0 and at most %d; remove the key to stop using it", k.Weight, maxWeight)
		}
		if k.Quota != "" {
			checkName(k.Quota, join(at, "quota"), r)
		}
	}
}

// checkAdminKey refuses an admin key where there is nothing to ask with it: who
// writes one relies on its being used.
func checkAdminKey(p Pool, path string, r *report) {
	if p.AdminKey == "" {
		return
	}
	checkSecret(p.AdminKey, path, r)
	if p.Provider != ProviderAnthropic {
		r.add(path, "is for provider anthropic only: others have no API that tells limits")
	}
}

// checkLimits refuses a written 0 too, which would mean what leaving it out means
// and reads like the opposite.
func checkLimits(l QuotaLimits, path string, r *report) {
	check := func(name string, n int64) {
		at := join(path, name)
		if _, written := r.places[at]; n < 0 || n > maxPerMinute || n == 0 && written {
			r.add(at, "is %d, must be from 1 to %d a minute; leave it out if you do not know it", n, int64(maxPerMinute))
		}
	}
	check("requests", l.Requests)
	check("input_tokens", l.InputTokens)
	check("output_tokens", l.OutputTokens)
}

// checkTimeouts wants each bound to lie within the ones that contain it; a
// timeout that can never strike misleads whoever reads it.
func checkTimeouts(t Timeouts, path string, r *report) {
	within := func(name string, d Duration, outer string, limit Duration) {
		at := join(path, name)
		switch {
		case d <= 0:
			r.add(at, "is %v, must be more than 0s", d)
		case limit > 0 && d > limit:
			r.add(at, "is %v%s, which is more than %s (%v): lower it or raise that", d, r.byDefault(at), outer, limit)
		}
	}
	within("connect", t.Connect, "first_token", t.FirstToken)
	within("first_token", t.FirstToken, "total", t.Total)
	within("idle", t.Idle, "total", t.Total)
	if t.Total <= 0 || t.Total > maxTotal {
		r.add(join(path, "total"), "is %v, must be more than 0s and at most %v, the longest that Lambda runs", t.Total, maxTotal)
	}
}
