// Package config is the one versioned document that says what Fallow does:
// its schema, how it is loaded, and every check that is made before it is used.
//
// The Go types are the schema. What an editor is told about them beside their
// shape stands in notes.go; docs/config.schema.json is made from both.
package config

// Config is the document. Load returns it with every default filled in, so
// that the rest of the program never asks what zero means.
type Config struct {
	// Version of the schema; always 1.
	Version int `yaml:"version"`
	// Pools by name.
	Pools map[string]Pool `yaml:"pools"`
	// Models are the routes by client-facing model name. A name that ends in
	// "*" stands for every model that begins with what precedes it, so "*"
	// alone stands for all; Route says which one wins.
	Models map[string]Route `yaml:"models"`
	// Clients says who may call.
	Clients Clients `yaml:"clients"`
	// Admin says who may use /admin.
	Admin Admin `yaml:"admin,omitempty"`
	// Limits bound what one request may use.
	Limits Limits `yaml:"limits"`
	// Redact are the rules for what a route logs of prompts and answers, beside
	// the ready ones; RedactRule says how one of those is turned off.
	Redact []RedactRule `yaml:"redact,omitempty"`
}

// Pool is a set of credentials for one provider endpoint, from which any may
// serve a request.
type Pool struct {
	// Provider is one of the known providers: anthropic, openai, azure, gemini,
	// bedrock, claude-aws, those of OpenAI's dialect by name, or openai-compatible
	// for any other.
	Provider string `yaml:"provider"`
	// BaseURL replaces the provider's default; required for openai-compatible and
	// azure, which have none. Without it bedrock and claude-aws are reached in the
	// region of the process.
	BaseURL string `yaml:"base_url,omitempty"`
	// Workspace is the id of the workspace of Claude Platform on AWS; claude-aws
	// only, and required unless base_url leads to Bedrock.
	Workspace string `yaml:"workspace,omitempty"`
	// Keys hold at least one entry; names are unique within the pool.
	Keys []Key `yaml:"keys"`
	// AdminKey is the reference of an admin key of the organisation behind the
	// keys, with which its limits are read instead of learned; anthropic only.
	AdminKey string `yaml:"admin_key,omitempty"`
	// WaitBudget is the longest a request waits for room; default 30s.
	WaitBudget Duration `yaml:"wait_budget"`
	// Limits of each quota group behind the keys, for providers whose answers
	// tell none; what they do tell goes before.
	Limits QuotaLimits `yaml:"limits,omitempty"`
	// Timeouts bound one call to the provider.
	Timeouts Timeouts `yaml:"timeouts"`
	// Passthrough serves the provider's whole API under the pool's name, with
	// one of its keys put in.
	Passthrough bool `yaml:"passthrough,omitempty"`
}

// QuotaLimits are what a quota group is allowed each minute; 0 means that the
// operator does not know.
type QuotaLimits struct {
	Requests int64 `yaml:"requests,omitempty"`
	// InputTokens are all tokens where a provider has one limit for both kinds,
	// as OpenAI does.
	InputTokens  int64 `yaml:"input_tokens,omitempty"`
	OutputTokens int64 `yaml:"output_tokens,omitempty"`
}

// Key is one credential.
type Key struct {
	// Name may be logged and shown.
	Name string `yaml:"name"`
	// Secret is a reference (env:, file:, secretsmanager:), never the secret; for
	// bedrock and claude-aws also aws:role.
	Secret string `yaml:"secret"`
	// Weight is the base weight, > 0; default 1.
	Weight float64 `yaml:"weight"`
	// Quota names the quota group if the operator knows it; empty means that
	// it is learned from the provider's headers.
	Quota string `yaml:"quota,omitempty"`
}

// Timeouts bound one call to the provider.
type Timeouts struct {
	// Connect bounds dialling and TLS; default 5s.
	Connect Duration `yaml:"connect"`
	// FirstToken bounds the time from sending to the first content; default 60s.
	FirstToken Duration `yaml:"first_token"`
	// Idle bounds the silence between two events of a stream; default 60s.
	Idle Duration `yaml:"idle"`
	// Total bounds the whole call; default 14m, which leaves Lambda's 15
	// minutes a margin to end the answer properly.
	Total Duration `yaml:"total"`
}

// Route leads a client-facing model name to a fallback chain.
type Route struct {
	// Targets are tried in order; at least one.
	Targets []Target `yaml:"targets"`
	// Priority is PriorityInteractive or PriorityBatch, for requests that do not
	// say; empty means the former.
	Priority string `yaml:"priority,omitempty"`
	// Unsupported says what becomes of a request with a parameter that a target
	// has no counterpart for: UnsupportedDrop leaves the parameter out, and so
	// does empty; UnsupportedReject refuses the request there.
	Unsupported string `yaml:"unsupported,omitempty"`
	// Log says what is logged of the words of requests; by default nothing.
	Log RouteLog `yaml:"log,omitempty"`
}

// Target is a pool and the model to ask for there.
type Target struct {
	Pool string `yaml:"pool"`
	// Model is the upstream model; empty means the name the client used.
	Model string `yaml:"model,omitempty"`
}

// Clients says who may call.
type Clients struct {
	// Auth is AuthTokens or AuthNone.
	Auth string `yaml:"auth"`
	// AllowAnonymous must be true for auth none on anything but loopback.
	AllowAnonymous bool `yaml:"allow_anonymous,omitempty"`
	// Tokens are the accepted client keys; names are unique.
	Tokens []Token `yaml:"tokens,omitempty"`
	// EdgeSecrets are references of what the proxy in front, such as CloudFront,
	// sends in x-fallow-edge. Requests with none of them are refused, health
	// checks aside; empty means that everybody may come straight. More than one
	// is for replacing them without a pause, and for several proxies; 4 at most.
	EdgeSecrets []string `yaml:"edge_secrets,omitempty"`
}

// Token is a client's key.
type Token struct {
	Name   string `yaml:"name"`
	Secret string `yaml:"secret"`
	// Priority is PriorityBatch for a client whose every request may wait for
	// those of others; with PriorityInteractive or empty it is for the request
	// and its route to say.
	Priority string `yaml:"priority,omitempty"`
}

// Admin says who may use /admin.
type Admin struct {
	// Secret is the reference of the admin token. Empty means that /admin is
	// open to loopback callers of the server mode and closed to all others.
	Secret string `yaml:"secret,omitempty"`
	// Config says which document is in force, and who may change it.
	Config Revisions `yaml:"config,omitempty"`
}

// Revisions says what the revisions of this document in the shared table are for.
type Revisions struct {
	// Source is SourceTable for instances that follow the newest revision in the
	// table; with SourceFile or empty they keep to the file they were deployed
	// with. It is the deployed file's word that counts: a revision cannot make
	// instances stop looking for the next one.
	Source string `yaml:"source,omitempty"`
	// ForbidDrift refuses new revisions that do not come from a deployment, so
	// that the table cannot drift away from the committed file. It is the word
	// of the revision in force that counts.
	ForbidDrift bool `yaml:"forbid_drift,omitempty"`
}

// Limits bound what one request may use.
type Limits struct {
	// BodyBytes is the largest request body; default 6 MiB, which is what a
	// Lambda invocation can carry, so that both modes accept the same.
	BodyBytes int64 `yaml:"body_bytes"`
}
