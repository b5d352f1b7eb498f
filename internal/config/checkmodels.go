package config

import (
	"maps"
	"slices"
	"strings"
)

func checkModels(c *Config, r *report) {
	if len(c.Models) == 0 {
		r.add("models", `has no route: write at least "*": {targets: [{pool: NAME}]}`)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Models)) {
		path := join("models", name)
		if len(name) > maxModel || !routeRegexp.MatchString(name) {
			r.add(path, "is not the name of a model: 1 to %d printable characters without blanks, with * only at the end", maxModel)
		}
		checkTargets(c, name, path, r)
		checkOneOf(c.Models[name].Priority, priorities, join(path, "priority"), r)
		checkOneOf(c.Models[name].Unsupported, policies, join(path, "unsupported"), r)
		checkLog(c.Models[name].Log, join(path, "log"), r)
	}
}

var (
	priorities = []string{PriorityInteractive, PriorityBatch}
	policies   = []string{UnsupportedDrop, UnsupportedReject}
	sources    = []string{SourceFile, SourceTable}
)

// checkOneOf reports a word that is not one of the known. Empty means the default.
func checkOneOf(word string, known []string, path string, r *report) {
	if word != "" && !slices.Contains(known, word) {
		r.add(path, "is %s, must be %s", show(word), strings.Join(known, " or "))
	}
}

func checkTargets(c *Config, name, path string, r *report) {
	path = join(path, "targets")
	if len(c.Models[name].Targets) == 0 {
		r.add(path, "is missing: a route needs at least one {pool: NAME}")
	}
	seen := unique[Target]{}
	for i, t := range c.Models[name].Targets {
		at := item(path, i)
		checkTarget(c, t, at, r)
		if t.Model == "" && !strings.HasSuffix(name, "*") {
			t.Model = name // what it means, so that the two spellings are one target
		}
		if t.Pool != "" {
			seen.check(t, at, r, "is the same target as %s: trying it again would fail again")
		}
	}
}

func checkTarget(c *Config, t Target, path string, r *report) {
	_, known := c.Pools[t.Pool]
	switch {
	case t.Pool == "":
		r.add(join(path, "pool"), "is missing: name one of pools")
	case len(c.Pools) == 0: // one missing section is one fault, not one for each target
	case !known:
		r.add(join(path, "pool"), "there is no pool %s; %s", show(t.Pool), hint(t.Pool, slices.Sorted(maps.Keys(c.Pools))))
	}
	if t.Model != "" && (len(t.Model) > maxModel || !modelRegexp.MatchString(t.Model)) {
		r.add(join(path, "model"), "is not the name of a model: 1 to %d printable characters without blanks or *", maxModel)
	}
}
