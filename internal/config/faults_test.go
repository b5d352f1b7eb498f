package config_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

const literal = "sk-ant-api03-canary"

func TestParseReportsFaults(t *testing.T) {
	t.Parallel()
	const pool = "    provider: anthropic\n"
	tests := []struct {
		name string
		edit []string
		want []string
	}{
		{"version missing", []string{"version: 1\n", ""},
			[]string{"1:1: version: is missing: write version: 1"}},
		{"version of another kind", []string{"version: 1", `version: "1"`},
			[]string{"1:10: version: needs a whole number, this is a text"}},
		{"version not whole", []string{"version: 1", "version: 1.0"},
			[]string{"1:10: version: needs a whole number, this is a number"}},
		{"version beyond all bounds", []string{"version: 1", "version: 18446744073709551615"},
			[]string{"1:10: version: needs a whole number, this is a number"}},

		{"unknown field with a near one is one fault", []string{"pools:", "pool:"},
			[]string{`2:1: pool: unknown field; did you mean "pools"?`}},
		{"unknown field beside the one that is near", []string{pool, pool + "    key: 1\n", "name: key-1", "name: Key"},
			[]string{
				`5:5: pools.claude.key: unknown field; did you mean "keys"?`,
				`7:9: pools.claude.keys[0].name: "Key" is not a name: use lower-case letters, digits and ._-, beginning with a letter or digit, 63 at most`,
			}},
		{"unknown field with no near one", []string{"  auth:", "  colour: red\n  auth:"},
			[]string{"14:3: clients.colour: unknown field; known are auth, allow_anonymous, tokens, edge_secrets"}},
		{"key of a map twice", []string{`  "*":`, "  review: {targets: [{pool: nowhere}]}\n  \"*\":"},
			[]string{"12:3: models.review: stands twice, first in line 11: remove one"}},
		{"field twice", []string{pool, pool + pool},
			[]string{"5:5: pools.claude.provider: stands twice, first in line 4: remove one"}},
		{"alias", []string{"[{pool: claude}]", "&t [{pool: claude}]"},
			[]string{`12:18: models["*"].targets: anchors and aliases are not supported: write the value out`}},
		{"tag", []string{"auth: tokens", "auth: !!str tokens"},
			[]string{"14:9: clients.auth: tags are not supported: remove the one beginning with !"}},
		{"merge key", []string{pool, pool + "    <<: {keys: []}\n"},
			[]string{"5:5: pools.claude: this key is not a plain name"}},
		{"second document", []string{"clients:\n", "---\nclients:\n"},
			[]string{"14:1: the file holds a second document: keep one, without --- lines"}},

		{"list for a map", []string{"  claude:\n    provider", "  claude:\n  - provider"},
			[]string{"4:3: pools.claude: needs a map, this is a list"}},
		{"text for a map", []string{"clients:\n  auth: tokens\n  tokens: [{name: bot, secret: \"env:BOT\"}]", "clients: tokens"},
			[]string{"13:10: clients: needs a map, this is a text"}},
		{"map for a list", []string{"[{pool: claude}]", "{pool: claude}"},
			[]string{`12:18: models["*"].targets: needs a list, this is a map`}},
		{"number for a text", []string{"auth: tokens", "auth: 1"},
			[]string{"14:9: clients.auth: needs a text (in quotes if it looks like something else), this is a number"}},
		{"text for a truth value", []string{"  auth: tokens", "  auth: tokens\n  allow_anonymous: yes"},
			[]string{"15:20: clients.allow_anonymous: needs true or false, this is a text"}},

		{"no pools", []string{"pools:\n  claude:\n", "pools:\nx-pools:\n  claude:\n", "x-pools:", "admin: {}\nlimits:"},
			[]string{
				"2:1: pools: is missing: at least one pool of keys is needed",
				"5:3: limits.claude: unknown field; known are body_bytes",
			}},
		{"name of a pool", []string{"  claude:\n", "  Claude Pool:\n", "pool: claude,", "pool: Claude Pool,", "pool: claude}", "pool: Claude Pool}"},
			[]string{`3:3: pools["Claude Pool"]: "Claude Pool" is not a name: use lower-case letters, digits and ._-, beginning with a letter or digit, 63 at most`}},
		{"provider missing", []string{pool, "    provider:\n"},
			[]string{"4:5: pools.claude.provider: is missing: write anthropic, openai or another of openai-compatible, azure, gemini, bedrock, claude-aws, cerebras, deepseek, fireworks, groq, mistral, ollama, openrouter, together, vllm, xai"}},
		{"provider misspelt", []string{"anthropic", "antropic"},
			[]string{`4:5: pools.claude.provider: there is no provider "antropic"; did you mean "anthropic"?`}},
		{"provider unknown", []string{"anthropic", "acme"},
			[]string{`4:5: pools.claude.provider: there is no provider "acme"; known are anthropic, openai, openai-compatible, azure, gemini, bedrock, claude-aws, cerebras, deepseek, fireworks, groq, mistral, ollama, openrouter, together, vllm, xai`}},
		{"base_url missing", []string{"anthropic", "openai-compatible"},
			[]string{"3:3: pools.claude.base_url: is missing: openai-compatible has no endpoint of its own; write https://host/v1"}},
		{"base_url of Azure missing", []string{"anthropic", "azure"},
			[]string{"3:3: pools.claude.base_url: is missing: azure has no endpoint of its own; write https://RESOURCE.openai.azure.com/openai/v1"}},
		{"base_url of a resource", []string{pool, "    provider: azure\n    base_url: https://acme.openai.azure.com/\n"},
			[]string{`5:5: pools.claude.base_url: does not end in /openai/v1: write "https://acme.openai.azure.com/openai/v1"`}},
		{"base_url of a deployment", []string{pool, "    provider: azure\n    base_url: https://acme.openai.azure.com/openai/deployments/gpt\n"},
			[]string{"5:5: pools.claude.base_url: names a deployment: end it in /openai/v1, deployments are models"}},
		{"base_url with version", []string{pool, pool + "    base_url: https://api.anthropic.com/v1/\n"},
			[]string{`5:5: pools.claude.base_url: ends in /v1, which is added for this provider: write "https://api.anthropic.com"`}},

		{"no keys", []string{"    keys:\n      - name: key-1\n        secret: env:KEY_1\n      - name: key-2\n        secret: env:KEY_2\n", "    keys: []\n"},
			[]string{"5:5: pools.claude.keys: is missing: a pool needs at least one {name, secret}"}},
		{"key without anything", []string{"      - name: key-1\n        secret: env:KEY_1\n", "      -\n"},
			[]string{
				"6:8: pools.claude.keys[0].name: is missing: every entry has a name",
				"6:8: pools.claude.keys[0].secret: is missing: write env:NAME, file:PATH or secretsmanager:ID#field",
			}},
		{"names of keys", []string{"key-2", "key-1"},
			[]string{"8:9: pools.claude.keys[1].name: is the same as pools.claude.keys[0].name: names are unique in a pool"}},
		{"one secret twice", []string{"env:KEY_2", "env:KEY_1"},
			[]string{"9:9: pools.claude.keys[1].secret: is the same as pools.claude.keys[0].secret: one key twice is not more quota; use weight"}},
		{"secret misspelt", []string{"secret: env:KEY_1", "secrt: env:KEY_1"},
			[]string{`7:9: pools.claude.keys[0].secrt: unknown field; did you mean "secret"?`}},
		{"literal secret", []string{"env:KEY_1", literal},
			[]string{"7:9: pools.claude.keys[0].secret: not a secret reference: write env:NAME, file:PATH or secretsmanager:ID#field (the secret itself never stands in the configuration)"}},
		{"weight 0", []string{"env:KEY_1", "env:KEY_1\n        weight: 0"},
			[]string{"8:9: pools.claude.keys[0].weight: is 0, must be more than 0 and at most 1000; remove the key to stop using it"}},
		{"weight below 0", []string{"env:KEY_1", "env:KEY_1\n        weight: -0.5"},
			[]string{"8:9: pools.claude.keys[0].weight: is -0.5, must be more than 0 and at most 1000; remove the key to stop using it"}},
		{"weight not finite", []string{"env:KEY_1", "env:KEY_1\n        weight: .nan"},
			[]string{"8:17: pools.claude.keys[0].weight: needs a number, this is infinite or not a number"}},
		{"quota", []string{"env:KEY_1", "env:KEY_1\n        quota: Org B"},
			[]string{`8:9: pools.claude.keys[0].quota: "Org B" is not a name: use lower-case letters, digits and ._-, beginning with a letter or digit, 63 at most`}},

		{"admin key of another provider", []string{"provider: anthropic", "provider: openai\n    admin_key: env:ADMIN"},
			[]string{"5:5: pools.claude.admin_key: is for provider anthropic only: others have no API that tells limits"}},
		{"literal admin key", []string{"provider: anthropic", "provider: anthropic\n    admin_key: " + literal},
			[]string{"5:5: pools.claude.admin_key: not a secret reference: write env:NAME, file:PATH or secretsmanager:ID#field (the secret itself never stands in the configuration)"}},

		{"limits that allow nothing", []string{pool, pool + "    limits: {requests: 0, input_tokens: -5, output_tokens: 1_000_000_000_001}\n"},
			[]string{
				"5:14: pools.claude.limits.requests: is 0, must be from 1 to 1000000000000 a minute; leave it out if you do not know it",
				"5:27: pools.claude.limits.input_tokens: is -5, must be from 1 to 1000000000000 a minute; leave it out if you do not know it",
				"5:45: pools.claude.limits.output_tokens: is 1000000000001, must be from 1 to 1000000000000 a minute; leave it out if you do not know it",
			}},
		{"limits of another kind", []string{pool, pool + "    limits: {requests: 1.5}\n"},
			[]string{"5:24: pools.claude.limits.requests: needs a whole number, this is a number"}},
		{"booking, which is not said any more", []string{pool, pool + "    booking: true\n"},
			[]string{"5:5: pools.claude.booking: unknown field; known are provider, base_url, workspace, keys, admin_key, wait_budget, limits, timeouts, passthrough"}},

		{"duration without unit", []string{pool, pool + "    wait_budget: 30\n"},
			[]string{`5:18: pools.claude.wait_budget: "30" is not a duration: write a number and its unit, such as "30s" or "5m"`}},
		{"duration of another kind", []string{pool, pool + "    wait_budget: {s: 30}\n"},
			[]string{"5:18: pools.claude.wait_budget: needs one value, this is a map"}},
		{"wait_budget below 0", []string{pool, pool + "    wait_budget: -1s\n"},
			[]string{"5:5: pools.claude.wait_budget: is -1s, must be from 0s to 15m"}},
		{"wait_budget too long", []string{pool, pool + "    wait_budget: 901s\n"},
			[]string{"5:5: pools.claude.wait_budget: is 15m1s, must be from 0s to 15m"}},
		{"timeout 0", []string{pool, pool + "    timeouts: {idle: 0s}\n"},
			[]string{"5:16: pools.claude.timeouts.idle: is 0s, must be more than 0s"}},
		{"total too long", []string{pool, pool + "    timeouts: {total: 16m}\n"},
			[]string{"5:16: pools.claude.timeouts.total: is 16m, must be more than 0s and at most 15m, the longest that Lambda runs"}},
		{"timeouts out of order", []string{pool, pool + "    timeouts: {connect: 2m, first_token: 90s}\n"},
			[]string{"5:16: pools.claude.timeouts.connect: is 2m, which is more than first_token (1m30s): lower it or raise that"}},
		{"default out of order", []string{pool, pool + "    timeouts: {total: 60s, idle: 61s, first_token: 4s}\n"},
			[]string{
				"5:5: pools.claude.timeouts.connect: is 5s by default, which is more than first_token (4s): lower it or raise that",
				"5:28: pools.claude.timeouts.idle: is 1m1s, which is more than total (1m): lower it or raise that",
			}},

		{"no routes", []string{"models:\n  review: {targets: [{pool: claude, model: claude-sonnet-5}]}\n  \"*\": {targets: [{pool: claude}]}\n", ""},
			[]string{`1:1: models: has no route: write at least "*": {targets: [{pool: NAME}]}`}},
		{"route without targets", []string{"[{pool: claude}]", "[]"},
			[]string{`12:9: models["*"].targets: is missing: a route needs at least one {pool: NAME}`}},
		{"priority of a route", []string{"[{pool: claude}]", "[{pool: claude}], priority: low"},
			[]string{`12:36: models["*"].priority: is "low", must be interactive or batch`}},
		{"policy of a route", []string{"[{pool: claude}]", "[{pool: claude}], unsupported: ignore"},
			[]string{`12:36: models["*"].unsupported: is "ignore", must be drop or reject`}},
		{"priority of a client", []string{`"env:BOT"`, `"env:BOT", priority: high`},
			[]string{`15:43: clients.tokens[0].priority: is "high", must be interactive or batch`}},
		{"star within a name", []string{"  review:", "  claude-*-5:"},
			[]string{`11:3: models["claude-*-5"]: is not the name of a model: 1 to 200 printable characters without blanks, with * only at the end`}},
		{"pool misspelt", []string{"{pool: claude}", "{pool: clade}"},
			[]string{`12:20: models["*"].targets[0].pool: there is no pool "clade"; did you mean "claude"?`}},
		{"pool unknown", []string{"{pool: claude}", "{pool: bedrock}"},
			[]string{`12:20: models["*"].targets[0].pool: there is no pool "bedrock"; known are claude`}},
		{"pool missing", []string{"{pool: claude}", "{model: x}"},
			[]string{`12:19: models["*"].targets[0].pool: is missing: name one of pools`}},
		{"star as upstream model", []string{"model: claude-sonnet-5", "model: claude-*"},
			[]string{"11:37: models.review.targets[0].model: is not the name of a model: 1 to 200 printable characters without blanks or *"}},
		{"same target twice", []string{"[{pool: claude}]", "[{pool: claude}, {pool: claude, model: x}, {pool: claude}]"},
			[]string{`12:61: models["*"].targets[2]: is the same target as models["*"].targets[0]: trying it again would fail again`}},
		{"same target in two spellings", []string{"model: claude-sonnet-5}", "model: review}, {pool: claude}"},
			[]string{"11:53: models.review.targets[1]: is the same target as models.review.targets[0]: trying it again would fail again"}},

		{"auth missing", []string{"  auth: tokens\n", ""},
			[]string{"13:1: clients.auth: is missing: write tokens and list them, or none (then only loopback is served)"}},
		{"auth unknown", []string{"auth: tokens", "auth: basic"},
			[]string{`14:3: clients.auth: is "basic", must be tokens or none`}},
		{"no tokens", []string{`[{name: bot, secret: "env:BOT"}]`, "[]"},
			[]string{"15:3: clients.tokens: is missing: with auth tokens nobody could call; list {name, secret}"}},
		{"tokens nobody asks for", []string{"auth: tokens", "auth: none"},
			[]string{"15:3: clients.tokens: nobody is asked for them with auth none: write auth: tokens, or remove them"}},
		{"anonymous and tokens", []string{"auth: tokens", "auth: tokens\n  allow_anonymous: true"},
			[]string{"15:3: clients.allow_anonymous: contradicts auth tokens: remove one of them"}},
		{"tokens twice", []string{`"env:BOT"}`, `"env:BOT"}, {name: bot, secret: "env:BOT"}`},
			[]string{
				"15:45: clients.tokens[1].name: is the same as clients.tokens[0].name: names are unique",
				"15:56: clients.tokens[1].secret: is the same as clients.tokens[0].secret: each client needs its own",
			}},
		{"admin is a client", []string{"clients:\n", "admin: {secret: 'env:BOT'}\nclients:\n"},
			[]string{"13:9: admin.secret: is the same as clients.tokens[0].secret: a client would be an administrator"}},

		{"edge without secrets", []string{"  auth: tokens", "  auth: tokens\n  edge_secrets:"},
			[]string{"15:3: clients.edge_secrets: has 0 references, must have 1 to 4; leave it out to let requests come straight"}},
		{"edge with too many secrets", []string{"  auth: tokens", "  auth: tokens\n  edge_secrets: [env:A, env:B, env:C, env:D, env:E]"},
			[]string{"15:3: clients.edge_secrets: has 5 references, must have 1 to 4; leave it out to let requests come straight"}},
		{"secrets of the edge", []string{"  auth: tokens", "  auth: tokens\n  edge_secrets: [env:A, env:A, env:BOT, \"aws:role\", " + literal + "]"},
			[]string{
				"15:3: clients.edge_secrets: has 5 references, must have 1 to 4; leave it out to let requests come straight",
				"15:25: clients.edge_secrets[1]: is the same as clients.edge_secrets[0]: what the proxy sends is nobody's token",
				"15:32: clients.edge_secrets[2]: is the same as clients.tokens[0].secret: what the proxy sends is nobody's token",
				"15:41: clients.edge_secrets[3]: is no secret: aws:role is for the keys of bedrock and claude-aws",
				"15:53: clients.edge_secrets[4]: not a secret reference: write env:NAME, file:PATH or secretsmanager:ID#field (the secret itself never stands in the configuration)",
			}},
		{"literal admin secret", []string{"clients:\n", "admin: {secret: " + literal + "}\nclients:\n"},
			[]string{"13:9: admin.secret: not a secret reference: write env:NAME, file:PATH or secretsmanager:ID#field (the secret itself never stands in the configuration)"}},
		{"source of the document", []string{"clients:\n", "admin: {config: {source: tabel}}\nclients:\n"},
			[]string{`13:18: admin.config.source: is "tabel", must be file or table`}},
		{"forbidding of drift", []string{"clients:\n", "admin: {config: {forbid_drift: deploy}}\nclients:\n"},
			[]string{"13:32: admin.config.forbid_drift: needs true or false, this is a text"}},
		{"body too small", []string{"clients:\n", "limits: {body_bytes: 0}\nclients:\n"},
			[]string{"13:10: limits.body_bytes: is 0, must be from 1024 to 32000000"}},
		{"body too large", []string{"clients:\n", "limits: {body_bytes: 0x2000000}\nclients:\n"},
			[]string{"13:10: limits.body_bytes: is 33554432, must be from 1024 to 32000000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(edit(t, good, tt.edit...)), "")
			wantFaults(t, err, tt.want...)
		})
	}
}

// Eleven slips of all kinds are eleven faults in one run.
func TestParseReportsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Parse([]byte(`version: 3
pools:
  claude:
    provider: antropic
    base_url: api.anthropic.com
    wait_budget: 30
    keys:
      - {name: key-1, secret: "env:A", weight: heavy}
      - {name: key-1, secret: `+literal+`}
    timeout: {total: 1m}
models:
  review: {targets: [{pool: cloude}]}
  review: {targets: []}
clients: {auth: tokens}
`), "fallow.yaml")
	wantFaults(t, err,
		`fallow.yaml:1:1: version: is 3, this program reads version 1`,
		`fallow.yaml:4:5: pools.claude.provider: there is no provider "antropic"; did you mean "anthropic"?`,
		`fallow.yaml:5:5: pools.claude.base_url: is not an absolute URL: write https://host/path`,
		`fallow.yaml:6:18: pools.claude.wait_budget: "30" is not a duration: write a number and its unit, such as "30s" or "5m"`,
		`fallow.yaml:8:48: pools.claude.keys[0].weight: needs a number, this is a text`,
		`fallow.yaml:9:10: pools.claude.keys[1].name: is the same as pools.claude.keys[0].name: names are unique in a pool`,
		`fallow.yaml:9:23: pools.claude.keys[1].secret: not a secret reference: write env:NAME, file:PATH or secretsmanager:ID#field (the secret itself never stands in the configuration)`,
		`fallow.yaml:10:5: pools.claude.timeout: unknown field; did you mean "timeouts"?`,
		`fallow.yaml:12:23: models.review.targets[0].pool: there is no pool "cloude"; did you mean "claude"?`,
		`fallow.yaml:13:3: models.review: stands twice, first in line 12: remove one`,
		`fallow.yaml:14:1: clients.tokens: is missing: with auth tokens nobody could call; list {name, secret}`,
	)
}

func TestParseReportsWholeDocumentFaults(t *testing.T) {
	t.Parallel()
	missing := []string{
		"1:1: version: is missing: write version: 1",
		"1:1: pools: is missing: at least one pool of keys is needed",
		`1:1: models: has no route: write at least "*": {targets: [{pool: NAME}]}`,
		"1:1: clients.auth: is missing: write tokens and list them, or none (then only loopback is served)",
	}
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"nothing", "", missing},
		{"only a comment", "# later\n", missing},
		{"null", "~", missing},
		{"a list", "- a\n", []string{"1:1: needs a map, this is a list"}},
		{"a text", literal, []string{"1:1: needs a map, this is a text"}},
		{"unclosed", "pools: [", []string{"1:8: this is not YAML: sequence end token ']' not found"}},
		{"tab", "pools:\n\ta: 1", []string{"2:1: indent with spaces, not tabs"}},
		{"tab behind spaces", "pools:\n  a:\n  \tb: 1", []string{"3:3: indent with spaces, not tabs"}},
		{"tab before everything", "\tpools: 1\n", []string{"1:1: indent with spaces, not tabs"}},
		{"tab elsewhere", "pools:\n  a: [\t\n", []string{"2:6: this is not YAML: sequence end token ']' not found"}},
		{"too large", strings.Repeat("#", 128<<10+1), []string{"the document is larger than 128 KiB"}},
		{"too many entries", strings.Repeat("a:\n", 10_001), []string{"10001:2: the document has more than 10000 entries"}},
		{"too deep in brackets", strings.Repeat("[", 20_000), []string{"1:33: the document is nested deeper than 32 levels"}},
		{"too deep in dashes", strings.Repeat("- ", 20_000), []string{"1:65: the document is nested deeper than 32 levels"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(tt.doc), "")
			wantFaults(t, err, tt.want...)
		})
	}
}

// Wherever somebody pastes a credential, no message repeats it.
func TestFaultsNeverRepeatALiteralSecret(t *testing.T) {
	t.Parallel()
	edits := [][]string{
		{"version: 1", "version: " + literal},
		{"anthropic", literal},
		{"name: key-1", "name: " + literal},
		{"secret: env:KEY_1", "secret: " + literal},
		{"secret: env:KEY_1", "secret: env:" + literal},
		{"secret: env:KEY_1", "secret: file:" + literal},
		{"secret: env:KEY_1", "secret: secretsmanager:" + literal},
		{"secret: env:KEY_1", "secret: secretsmanager:a#" + literal},
		{"secret: env:KEY_1", "secret: [" + literal + "]"},
		{"secret: env:KEY_1", "secret: \"" + literal},
		{"secret: env:KEY_1", "secret: " + literal + ": x"},
		{"secret: env:KEY_1", literal + ": secret"},
		{"secret: env:KEY_1", "secret: env:KEY_1\n        quota: " + literal},
		{"secret: env:KEY_1", "secret: env:KEY_1\n        weight: " + literal},
		{"  claude:", "  " + literal + ":"},
		{"    keys:", "    base_url: https://" + literal + "@host\n    keys:"},
		{"    keys:", "    base_url: https://host/?key=" + literal + "\n    keys:"},
		{"    keys:", "    wait_budget: " + literal + "\n    keys:"},
		{"{pool: claude}", "{pool: " + literal + "}"},
		{"auth: tokens", "auth: " + literal},
	}
	for _, e := range edits {
		_, err := config.Parse([]byte(edit(t, good, e...)), "")
		if err == nil {
			t.Errorf("%q is accepted", e[1])
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the message repeats the secret:\n%v", e[1], err)
		}
	}
}

func TestValidateOfAConfigMadeInMemory(t *testing.T) {
	t.Parallel()
	c := config.Simulated("http://example.com")
	p := c.Pools["simulated"]
	p.Timeouts.Idle = 0
	c.Pools["simulated"] = p
	wantFaults(t, c.Validate(),
		"pools.simulated.base_url: would send keys in clear: write https:// (http:// is for hosts of your own network)",
		"pools.simulated.timeouts.idle: is 0s, must be more than 0s")
}
