package peerconfig_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/peerconfig"
)

// TestRules holds one rule a row: what must and what must not come of a source.
func TestRules(t *testing.T) {
	t.Parallel()
	const (
		openai = `{"provider": "openai", "api_key": "sk-canary-1"`
		models = "model_list:\n- {model_name: m, litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY}}\n"
	)
	tests := []struct {
		name   string
		peer   peerconfig.Peer
		source string
		want   []string // in the document or the notes
		never  []string
	}{
		{"one key in two deployments has both weights", peerconfig.LiteLLM,
			models + "- {model_name: m, litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY, weight: 2}}\n" +
				"- {model_name: m, litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY_2}}\n",
			[]string{`- {name: key, secret: "env:KEY", weight: 3}`, `- {name: key-2, secret: "env:KEY_2"}`}, nil},
		{"keys in another order are the same pool", peerconfig.LiteLLM,
			models + "- {model_name: m, litellm_params: {model: openai/gpt-4o, api_key: os.environ/B}}\n" +
				"- {model_name: n, litellm_params: {model: openai/o3, api_key: os.environ/B}}\n" +
				"- {model_name: n, litellm_params: {model: openai/o3, api_key: os.environ/KEY}}\n",
			[]string{`{pool: openai, model: "o3"}`}, []string{"openai-2"}},
		{"an anchor, an alias and merged lists", peerconfig.LiteLLM,
			"a: &a {api_key: os.environ/A, timeout: 30}\nb: &b {api_key: os.environ/B, stream_timeout: 10}\nn: &n o3\n" +
				"model_list:\n- model_name: *n\n  litellm_params: {<<: [*a, *b], model: !!str openai/o3}\n",
			[]string{`"o3": # from model_list[0]`, `"env:A"`, "first_token: 10s", "total: 30s"}, []string{"env:B"}},
		{"a merge of nothing", peerconfig.LiteLLM, models + "x: {<<: 5}\ny: {<<: *gone}\n", []string{`"m":`}, nil},
		{"a block of text", peerconfig.LiteLLM, "model_list:\n- model_name: m\n  litellm_params:\n    api_key: os.environ/KEY\n    model: |-\n      openai/gpt-4o\n",
			[]string{`model: "gpt-4o"`}, nil},
		{"of two fields the last counts", peerconfig.Portkey, `{"provider": "groq", "provider": "openai", "api_key": "sk-canary-1"}`,
			[]string{"provider: openai\n"}, nil},
		{"a model without provider or family", peerconfig.LiteLLM, models + "- {model_name: x, litellm_params: {model: mystery}}\n",
			[]string{`not carried: model_list[1]: this version does not reach provider "mystery"`}, nil},
		{"a model without provider at a URL", peerconfig.LiteLLM,
			"model_list:\n- {model_name: x, litellm_params: {model: mystery, api_base: 'https://llm.example.com/v1', api_key: os.environ/K}}\n",
			[]string{"provider: openai-compatible", `base_url: "https://llm.example.com/v1"`, `model: "mystery"`}, nil},
		{"a model that has no such name", peerconfig.LiteLLM, models + "- {model_name: x, litellm_params: {model: 'openai/a b', api_key: os.environ/K}}\n",
			[]string{`not carried: model_list[1]: "a b" cannot be the name of a model`}, nil},
		{"every model under a prefix of one's own", peerconfig.LiteLLM, models + "- {model_name: 'mine/*', litellm_params: {model: openai/*, api_key: os.environ/K}}\n",
			[]string{`not carried: model_list[1]: Fallow sends the client's model name on as it is and cannot make "openai/*" of "mine/*"`}, []string{"gpt-*"}},
		{"a fallback for a model that is not there", peerconfig.LiteLLM, models + "litellm_settings: {fallbacks: [{gone: [m]}]}\n",
			[]string{"not carried: litellm_settings.fallbacks[0].gone: its model is not among the imported ones"}, nil},
		{"AWS Secrets Manager with a secret for each key", peerconfig.LiteLLM,
			models + "general_settings: {master_key: sk-canary, key_management_system: aws_secret_manager}\n",
			[]string{`"secretsmanager:KEY"`, `"env:LITELLM_MASTER_KEY_1"`}, nil},
		{"another store of secrets", peerconfig.LiteLLM, models + "general_settings: {key_management_system: azure_key_vault}\n",
			[]string{`"env:KEY"`, "not carried: general_settings.key_management_system: "}, nil},
		{"a reference that cannot be a variable", peerconfig.LiteLLM, strings.Replace(models, "environ/KEY", "environ/A-B", 1),
			[]string{`"env:OPENAI_KEY_1"`, "secret: model_list[0].litellm_params.api_key: stands here in clear"}, []string{"A-B"}},
		{"a server whose URL nobody knows", peerconfig.LiteLLM, models + "- {model_name: x, litellm_params: {model: lm_studio/y}}\n",
			[]string{"not carried: model_list[1]: this provider cannot be reached: it has no URL"}, nil},
		{"a vendor that config does not know by name", peerconfig.LiteLLM, "model_list: [{model_name: c, litellm_params: {model: cohere_chat/command-a-03-2025}}]",
			[]string{"provider: openai-compatible", `base_url: "https://api.cohere.ai/compatibility/v1"`, `secret: "env:COHERE_API_KEY"`}, nil},
		{"a weight without end", peerconfig.LiteLLM, models + "- {model_name: m, litellm_params: {model: openai/gpt-4o, api_key: os.environ/B, weight: .inf}}\n",
			[]string{`- {name: key, secret: "env:KEY"}`, `- {name: b, secret: "env:B"}`}, nil},
		{"aliases of aliases without end", peerconfig.LiteLLM, models + "a0: &a0 x\n" + chain(100), []string{"not carried: a0: "}, []string{"a99"}},
		{"no time at all", peerconfig.LiteLLM, models + "router_settings: {timeout: 0}\n",
			[]string{"otherwise: router_settings.timeout: is no time: the default stays"}, []string{"timeouts:"}},
		{"a time that is no number", peerconfig.LiteLLM, models + "router_settings: {timeout: os.environ/T}\n",
			[]string{"not carried: router_settings.timeout: it is no number of seconds"}, []string{"timeouts:"}},

		{"fallbacks within a balance follow it", peerconfig.Portkey,
			`{"strategy": {"mode": "loadbalance"}, "targets": [{"strategy": {"mode": "fallback"}, "weight": 3,
				"targets": [` + openai + `}, {"provider": "groq", "api_key": "canary"}]}, {"provider": "openai", "api_key": "sk-canary-2"}]}`,
			[]string{`secret: "env:OPENAI_KEY_1", weight: 3}`, `secret: "env:OPENAI_KEY_2"}`, "- {pool: openai}\n      - {pool: groq}", "Fallow tries them after all targets"}, nil},
		{"targets without a strategy", peerconfig.Portkey, `{"targets": [` + openai + `}, ` + openai + `}]}`,
			[]string{"not carried: targets[1]: only the first target is used without a strategy"}, nil},
		{"a resource that is no part of a host", peerconfig.Portkey,
			`{"strategy": {"mode": "fallback"}, "targets": [` + openai + `}, {"provider": "azure-openai", "api_key": "canary", "resource_name": "a b"}]}`,
			[]string{"not carried: targets[1]: its resource or deployment"}, []string{"a b"}},
		{"an Azure resource whose name begins like the path", peerconfig.Portkey, `{"provider": "azure-openai", "api_key": "canary", "resource_name": "openai-acme", "deployment_id": "gpt"}`,
			[]string{`base_url: "https://openai-acme.openai.azure.com/openai/v1"`}, nil},
		{"an Azure URL with a deployment", peerconfig.LiteLLM,
			"model_list:\n- {model_name: x, litellm_params: {model: azure/d, api_key: os.environ/K, api_base: 'https://openai.example.com/base/openai/deployments/d?api-version=1'}}\n",
			[]string{`base_url: "https://openai.example.com/base/openai/v1"`}, nil},
		{"a model that no header can carry", peerconfig.Portkey, `{"strategy": {"mode": "fallback"}, "targets": [` + openai + `}, ` + openai + `, "override_params": {"model": "a b"}}]}`,
			[]string{`not carried: targets[1]: "a b" cannot be the name of a model`}, nil},
		{"a server without keys", peerconfig.Portkey, `{"provider": "ollama"}`, []string{"provider: ollama\n", "asks for no key"}, nil},
		{"a vendor guessed by the model", peerconfig.Portkey, `{"virtual_key": "main", "override_params": {"model": "claude-opus-5"}}`, []string{"provider: anthropic"}, nil},

		{"an endpoint from the environment", peerconfig.Bifrost,
			`{"providers": {"azure": {"keys": [{"value": "env.K", "models": ["gpt-5"], "azure_key_config": {"endpoint": "env.AZURE_ENDPOINT"}}]}}}`,
			[]string{`base_url: "https://azure-endpoint.invalid/openai/v1"`, `write that of "AZURE_ENDPOINT" over`}, nil},
		{"a value as the API writes it", peerconfig.Bifrost, `{"providers": {"openai": {"keys": [{"value": {"value": "sk-canary"}, "models": ["gpt-5"]}]}}}`,
			[]string{`"env:OPENAI_KEY_1"`, "secret: providers.openai.keys[0].value.value: "}, nil},
		{"a provider that begins with a digit", peerconfig.Bifrost, `{"providers": {"9router": {"keys": [{"value": "canary", "models": ["x"]}],
			"network_config": {"base_url": "https://r.example.com"}, "custom_provider_config": {"base_provider_type": "openai"}}}}`,
			[]string{`"9router": # from`, `"env:P9ROUTER_KEY_1"`, `base_url: "https://r.example.com/v1"`}, nil},
		{"names that may be secrets", peerconfig.Bifrost, `{"providers": {"openai": {"keys": [{"name": "sk-canary-12345678", "value": "env.K", "models": ["sk-canary-12345678", "gpt-5"]}],
			"sk-canary-12345678": 1}}}`, []string{"{name: k, ", "providers.openai[redacted]: "}, []string{"12345678"}},
		{"names that are secrets before or after they become names", peerconfig.Bifrost,
			`{"providers": {"openai": {"keys": [{"name": "SK-Acme-12345678", "value": "env.K"}, {"name": "XyZwVu0123456789XyZwVu0123456789", "value": "env.L"}]}}}`,
			[]string{"{name: k, ", "{name: l, "}, []string{"12345678", "xyz"}},
		{"of two virtual keys of one value one client", peerconfig.Bifrost,
			`{"providers": {"openai": {"keys": [{"value": "env.K"}]}}, "governance": {"virtual_keys": [{"name": "a", "value": "env.V"}, {"name": "b", "value": "env.V"}, {"name": "a", "value": "env.W"}]}}`,
			[]string{`{name: a, secret: "env:V"}`, `{name: a-2, secret: "env:W"}`}, []string{"name: b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result, err := peerconfig.Import(tt.peer, []byte(tt.source))
			if err != nil {
				t.Fatal(err)
			}
			got := text(result)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%s\nwant %q", got, want)
				}
			}
			for _, never := range append(tt.never, "canary") {
				if strings.Contains(got, never) {
					t.Errorf("got\n%s\nwith %q", got, never)
				}
			}
		})
	}
}

// chain makes n aliases, each of the one before it.
func chain(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "a%d: &a%d\n  *a%d\n", i+1, i+1, i)
	}
	return s.String()
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	const secret = "sk-canary-0001"
	var many strings.Builder
	for range 3000 {
		many.WriteString("- {model_name: " + strings.Repeat("m", 10) + "}\n")
	}
	tests := []struct {
		name, source, want string
		peer               peerconfig.Peer
	}{
		{"unknown peer", "{}", `there is no peer "kong"`, "kong"},
		{"not JSON", `{"api_key": "` + secret, "this is not JSON, see byte", peerconfig.Portkey},
		{"JSON cut after a key", `{"` + secret + `"`, "this is not JSON, see byte", peerconfig.Portkey},
		{"JSON cut in a list", `{"a": [1, "` + secret + `"`, "this is not JSON, see byte", peerconfig.Portkey},
		{"JSON with a bad key", `{"a": 1, ` + secret + `: 2}`, "this is not JSON, see byte", peerconfig.Portkey},
		{"JSON with a bad entry", `[` + secret + `]`, "this is not JSON, see byte", peerconfig.Portkey},
		{"two JSON documents", `{} {}`, "something follows the JSON document, at byte", peerconfig.Bifrost},
		{"a list", `[]`, "no object of settings", peerconfig.Bifrost},
		{"nothing", ``, "this is not JSON, see byte 0", peerconfig.Bifrost},
		{"JSON too deep", strings.Repeat("[", 100), "deeper than 64 levels", peerconfig.Bifrost},
		{"JSON too large", strings.Repeat(" ", 1<<20+1), "larger than 1024 KiB", peerconfig.Bifrost},
		{"not YAML", "a: [" + secret + "\nb: }", "this is not YAML", peerconfig.LiteLLM},
		{"no YAML", "# nothing\n", "no object of settings", peerconfig.LiteLLM},
		{"a YAML list", "- " + secret, "no object of settings", peerconfig.LiteLLM},
		{"YAML too deep", strings.Repeat("[", 100), "deeper than 64 levels", peerconfig.LiteLLM},
		{"YAML too large", strings.Repeat(" ", 256<<10+1), "larger than 256 KiB", peerconfig.LiteLLM},
		{"aliases that stand for billions", "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "its aliases stand for too much", peerconfig.LiteLLM},
		{"an alias of itself", "a: &a {b: *a}\n", "its aliases stand for too much", peerconfig.LiteLLM},
		{"an alias that is its anchor", "a: &a *a\n", "this is not YAML, see line 1", peerconfig.LiteLLM},
		{"nothing that can be reached", `{"provider": "bedrock", "api_key": "` + secret + `"}`, "nothing in it can be carried over", peerconfig.Portkey},
		{"models without deployments", "model_list:\n" + many.String(), "nothing in it can be carried over", peerconfig.LiteLLM},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result, err := peerconfig.Import(tt.peer, []byte(tt.source))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if result == nil || len(result.Document) > 0 {
				t.Errorf("got %+v, want notes and no document", result)
			}
		})
	}
}

// TestImportOfTooMuch makes a document that is larger than one may be.
func TestImportOfTooMuch(t *testing.T) {
	t.Parallel()
	source := `{"providers": {"openai": {"keys": [{"value": "env.K", "models": ["m` + strings.Repeat(`", "m`+strings.Repeat("x", 30), 1)
	for i := range 2000 {
		source += `", "` + strings.Repeat("x", 20) + strings.Repeat("y", i%50) + string(rune('a'+i%26)) + strings.Repeat("z", i/50)
	}
	result, err := peerconfig.Import(peerconfig.Bifrost, []byte(source+`"]}]}}}`))
	if err == nil || !strings.Contains(err.Error(), "larger than") && !strings.Contains(err.Error(), "more than") || result.Document != nil {
		t.Errorf("got %v and %d bytes, want a refusal", err, len(result.Document))
	}
}

func BenchmarkImport(b *testing.B) {
	for _, peer := range peers {
		b.Run(string(peer), func(b *testing.B) {
			path := samples(b, peer)[len(samples(b, peer))-2]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := importFile(peer, path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
