package config

import (
	"regexp"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

// The patterns and lengths are also in the JSON Schema, hence their plain
// syntax. Names stand in headers, metrics and paths of the admin API; models
// stand in headers and in the URLs of some providers.
const (
	namePattern  = `^[a-z0-9][a-z0-9._-]*$`
	modelPattern = `^[!-)+-~]+$`         // printable ASCII without blank and *
	routePattern = `^([!-)+-~]+\*?|\*)$` // the same, or with one * at the end

	maxName  = 63
	maxModel = 200
)

var (
	nameRegexp  = regexp.MustCompile(namePattern)
	modelRegexp = regexp.MustCompile(modelPattern)
	routeRegexp = regexp.MustCompile(routePattern)

	workspaceRegexp = regexp.MustCompile(workspacePattern)
)

// check reports every fault of a document whose shape is right.
func check(c *Config, r *report) {
	switch c.Version {
	case 1:
	case 0:
		r.add("version", "is missing: write version: 1")
	default:
		r.add("version", "is %d, this program reads version 1", c.Version)
	}
	checkPools(c.Pools, r)
	checkModels(c, r)
	checkClients(c, r)
	checkRedact(c.Redact, r)
	checkOneOf(c.Admin.Config.Source, sources, "admin.config.source", r)
	if b := c.Limits.BodyBytes; b < minBodyBytes || b > maxBodyBytes {
		r.add("limits.body_bytes", "is %d, must be from %d to %d", b, minBodyBytes, maxBodyBytes)
	}
}

// checkName reports a name that is missing or misshapen.
func checkName(name, path string, r *report) {
	switch {
	case name == "":
		r.add(path, "is missing: every entry has a name")
	case secret.LooksLikeSecret(name):
		r.add(path, "looks like a secret: names stand in logs, choose another")
	case len(name) > maxName || !nameRegexp.MatchString(name):
		r.add(path, "%s is not a name: use lower-case letters, digits and ._-, beginning with a letter or digit, %d at most",
			show(name), maxName)
	}
}

// checkSecret reports a reference that cannot be one of a secret. It never
// repeats it.
func checkSecret(s, path string, r *report) (secret.Ref, bool) {
	ref, ok := checkReference(s, path, r)
	if ref.Scheme == secret.SchemeAWS {
		// As a token it would be one that everybody knows.
		r.add(path, "is no secret: aws:role is for the keys of %s", strings.Join(awsProviders, " and "))
		return ref, false
	}
	return ref, ok
}

func checkReference(s, path string, r *report) (ref secret.Ref, ok bool) {
	if s == "" {
		r.add(path, "is missing: write env:NAME, file:PATH or secretsmanager:ID#field")
		return ref, false
	}
	ref, err := secret.ParseRef(s)
	if err != nil {
		r.add(path, "%v", err)
		return ref, false
	}
	return ref, true
}

// unique remembers where things stood, to report those that stand twice.
type unique[T comparable] map[T]string

// check ignores the zero T, which is reported as missing instead.
func (u unique[T]) check(thing T, path string, r *report, format string) {
	var zero T
	if thing == zero {
		return
	}
	if first, dup := u[thing]; dup {
		r.add(path, format, first)
		return
	}
	u[thing] = path
}
