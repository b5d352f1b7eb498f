package config

import "github.com/fallow-dev/fallow/internal/secret"

func checkClients(c *Config, r *report) {
	clients := c.Clients
	switch clients.Auth {
	case AuthTokens:
		if len(clients.Tokens) == 0 {
			r.add("clients.tokens", "is missing: with auth tokens nobody could call; list {name, secret}")
		}
		if clients.AllowAnonymous {
			r.add("clients.allow_anonymous", "contradicts auth tokens: remove one of them")
		}
	case AuthNone:
		if len(clients.Tokens) > 0 {
			r.add("clients.tokens", "nobody is asked for them with auth none: write auth: tokens, or remove them")
		}
	case "":
		r.add("clients.auth", "is missing: write tokens and list them, or none (then only loopback is served)")
	default:
		r.add("clients.auth", "is %s, must be tokens or none", show(clients.Auth))
	}
	checkTokens(c, r)
}

// maxEdgeSecrets bounds what each request is compared with.
const maxEdgeSecrets = 4

// checkEdge refuses a written list of none, which reads as if it kept somebody out.
func checkEdge(secrets []string, refs unique[secret.Ref], r *report) {
	const path = "clients.edge_secrets"
	if _, written := r.places[path]; written && len(secrets) == 0 || len(secrets) > maxEdgeSecrets {
		r.add(path, "has %d references, must have 1 to %d; leave it out to let requests come straight", len(secrets), maxEdgeSecrets)
	}
	for i, s := range secrets {
		at := item(path, i)
		if ref, ok := checkSecret(s, at, r); ok {
			refs.check(ref, at, r, "is the same as %s: what the proxy sends is nobody's token")
		}
	}
}

// checkTokens also wants the admin's token to be no client's.
func checkTokens(c *Config, r *report) {
	names, refs := unique[string]{}, unique[secret.Ref]{}
	for i, t := range c.Clients.Tokens {
		path := item("clients.tokens", i)
		checkName(t.Name, join(path, "name"), r)
		checkOneOf(t.Priority, priorities, join(path, "priority"), r)
		names.check(t.Name, join(path, "name"), r, "is the same as %s: names are unique")
		if ref, ok := checkSecret(t.Secret, join(path, "secret"), r); ok {
			refs.check(ref, join(path, "secret"), r, "is the same as %s: each client needs its own")
		}
	}
	checkEdge(c.Clients.EdgeSecrets, refs, r)
	if c.Admin.Secret == "" {
		return
	}
	if ref, ok := checkSecret(c.Admin.Secret, "admin.secret", r); ok {
		refs.check(ref, "admin.secret", r, "is the same as %s: a client would be an administrator")
	}
}
