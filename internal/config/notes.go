package config

import (
	"strings"

	"github.com/fallow-dev/fallow/internal/redact"
)

// note is what the JSON Schema says of a field beyond its Go type.
type note struct {
	about    string
	required bool
	rules    rules
}

var nameRules = rules{"pattern": namePattern, "maxLength": maxName}

var referenceRules = rules{"pattern": `^(env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:.+|` +
	`secretsmanager:[A-Za-z0-9/_+=.@:-]{1,512}(#[A-Za-z0-9_.-]{1,128})?)$`}

var logBytes = rules{"minimum": minLogBytes, "maximum": maxLogBytes, "default": 16 << 10}

var perMinute = rules{"minimum": 1, "maximum": maxPerMinute}

// keyReferenceRules are those of a key, which may be the process's own role.
var keyReferenceRules = rules{"pattern": strings.Replace(referenceRules["pattern"].(string), "(", "(aws:role|", 1)}

const referenceForms = "env:NAME, file:PATH or secretsmanager:ID#json_field; never the secret itself."

// notes has one entry for each field, by Go type and name in the document. A
// table of its own, rather than the doc comments: those speak to whoever reads
// the program, these to whoever writes a document, and comments are not in
// the binary.
var notes = map[string]note{
	"Config.version": {"Version of the schema.", true, rules{"const": 1}},
	"Config.pools": {"Pools of keys, by name.", true,
		rules{"minProperties": 1, "propertyNames": nameRules}},
	"Config.models": {"Routes by the model that clients name. A name ending in * stands for all that begin so; the longest wins.",
		true, rules{"minProperties": 1, "propertyNames": rules{"pattern": routePattern, "maxLength": maxModel}}},
	"Config.clients": {"Who may call.", true, nil},
	"Config.admin":   {"Who may use /admin.", false, nil},
	"Config.limits":  {"What one request may use.", false, nil},
	"Config.redact": {"Rules for what to take out of logged prompts and answers, beside the ready ones: " +
		strings.Join(redact.Ready(), ", ") + ". The gateway's own secrets are always taken out.", false, nil},
	"RedactRule.name":    {"Name of the rule; it stands in place of what was taken out. With off, that of a ready rule.", true, nameRules},
	"RedactRule.pattern": {"Regular expression of RE2's syntax; all that it matches is taken out.", false, rules{"maxLength": redact.MaxPattern}},
	"RedactRule.off":     {"Do not use this ready rule.", false, rules{"default": false}},

	"Pool.provider": {"The API that the keys are for.", true, rules{"enum": providers}},
	"Pool.base_url": {"Endpoint, if it is not the provider's own; required for openai-compatible and azure. bedrock and claude-aws have one for each region. http only within a private network.",
		false, rules{"pattern": `^https?://[^?#@\s]+$`}},
	"Pool.workspace": {"Id of the workspace of Claude Platform on AWS; provider claude-aws only.", false,
		rules{"pattern": workspacePattern}},
	"Pool.keys": {"The keys; any of them may serve a request.", true, rules{"minItems": 1}},
	"Pool.limits": {"What each quota group behind the keys is allowed a minute, if the provider's answers do not tell; what they tell goes before.",
		false, nil},
	"Pool.admin_key":   {"Admin key of the organisation, to read its limits with; anthropic only: " + referenceForms, false, referenceRules},
	"Pool.wait_budget": {"The longest a request waits for room, 0s to 15m.", false, rules{"default": "30s"}},
	"Pool.timeouts":    {"Bounds of one call to the provider.", false, nil},
	"Pool.passthrough": {"Serve the provider's whole API below /NAME, the pool's name, with one of its keys put in. Such calls are not counted against quotas.",
		false, rules{"default": false}},

	"QuotaLimits.requests": {"Requests a minute.", false, perMinute},
	"QuotaLimits.input_tokens": {"Input tokens a minute; all tokens where a provider has one limit for both kinds, as OpenAI does.",
		false, perMinute},
	"QuotaLimits.output_tokens": {"Output tokens a minute.", false, perMinute},

	"Key.name": {"Name of the key; may be logged and shown.", true, nameRules},
	"Key.secret": {referenceForms + " For bedrock and claude-aws also aws:role, the AWS credentials of the process.",
		true, keyReferenceRules},
	"Key.weight": {"Share of the requests relative to the other keys.", false,
		rules{"exclusiveMinimum": 0, "maximum": maxWeight, "default": 1}},
	"Key.quota": {"Keys of one organisation share a quota. Name it if you know it; otherwise it is learned.", false, nameRules},

	"Timeouts.connect":     {"Bounds dialling and TLS.", false, rules{"default": "5s"}},
	"Timeouts.first_token": {"Bounds the time from sending to the first content.", false, rules{"default": "1m"}},
	"Timeouts.idle":        {"Bounds the silence between two events of a stream.", false, rules{"default": "1m"}},
	"Timeouts.total":       {"Bounds the whole call, 15m at most.", false, rules{"default": "14m"}},

	"Route.targets": {"Where requests go, tried in order.", true, rules{"minItems": 1}},
	"Route.priority": {"Of requests that do not say: batch requests leave room for interactive ones.", false,
		rules{"enum": priorities, "default": PriorityInteractive}},
	"Route.unsupported": {"What to do with a parameter that a target has no counterpart for: leave it out, or reject the request.", false,
		rules{"enum": policies, "default": UnsupportedDrop}},
	"Route.log":             {"What to log of prompts and answers, redacted; nothing by default.", false, nil},
	"RouteLog.prompts":      {"Log what clients ask.", false, rules{"default": false}},
	"RouteLog.answers":      {"Log what they are answered.", false, rules{"default": false}},
	"RouteLog.prompt_bytes": {"The most to log of a prompt; of a longer one its end is, where the newest turn stands.", false, logBytes},
	"RouteLog.answer_bytes": {"The most to log of an answer; of a longer one its beginning is.", false, logBytes},
	"RouteLog.share":        {"The share of requests to log, chosen at random.", false, rules{"exclusiveMinimum": 0, "maximum": 1, "default": 1}},
	"Target.pool":           {"Name of a pool.", true, nameRules},
	"Target.model": {"The model to ask for there; without it, the one that the client named.", false,
		rules{"pattern": modelPattern, "maxLength": maxModel}},

	"Clients.auth": {"tokens: callers need one of the tokens. none: anybody may call, on loopback only.", true,
		rules{"enum": []string{AuthTokens, AuthNone}}},
	"Clients.allow_anonymous": {"With auth none, serve others than loopback too.", false, rules{"default": false}},
	"Clients.tokens":          {"The tokens that clients may have.", false, nil},
	"Clients.edge_secrets": {"What a proxy in front, such as CloudFront, sends in the header x-fallow-edge; requests with none of them are refused. Two while one is replaced: " + referenceForms,
		false, rules{"minItems": 1, "maxItems": maxEdgeSecrets, "items": rules{"type": "string", "pattern": referenceRules["pattern"]}}},
	"Token.name":   {"Name of the client.", true, nameRules},
	"Token.secret": {referenceForms, true, referenceRules},
	"Token.priority": {"batch: all requests of this client are. interactive: it is for the request and its route to say.", false,
		rules{"enum": priorities, "default": PriorityInteractive}},

	"Admin.secret": {"The admin token: " + referenceForms + " Without it, /admin is open to loopback callers of the server mode only.",
		false, referenceRules},
	"Admin.config": {"Which document is in force, and who may change it.", false, nil},
	"Revisions.source": {"table: instances follow the newest revision in the table, within 30 seconds, and start from this file while there is none. file: they keep to this file.",
		false, rules{"enum": sources, "default": SourceFile}},
	"Revisions.forbid_drift": {"Take new revisions from deployments only (fallow config apply --deploy), not from the console or by hand.",
		false, rules{"default": false}},

	"Limits.body_bytes": {"The largest request body; Lambda takes no more than the default.", false,
		rules{"minimum": minBodyBytes, "maximum": maxBodyBytes, "default": 6 << 20}},
}
