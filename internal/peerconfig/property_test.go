package peerconfig_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/peerconfig"
	"pgregory.net/rapid"
)

type object = map[string]any

// someText draws what people and accidents write into a setting.
func someText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "*", "gpt-4o", "claude-*", "openai/*", "anthropic/claude-opus-5", "azure/eu", "groq/llama",
			"ollama/llama3", "bedrock/x", "true", "1e5", "a b", "ключ", "@openai-main/gpt-5", strings.Repeat("x", 300)}),
		rapid.StringMatching(`[a-z]{1,5}[-/.:*" ]?[A-Z0-9]{0,5}`),
		rapid.String(),
	).Draw(t, label)
}

// somePart draws a number of the kinds that settings have, or something odd.
func somePart(t *rapid.T, label string) any {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.SampledFrom([]any{0, 1, -1, 0.5, 1e-300, 1e300, 5000, "7", "x", true, false, []any{}, object{}}),
	).Draw(t, label)
}

// canary is in every secret that is drawn.
const canary = "CaNaRy7"

func someSecret(t *rapid.T, reference, label string) string {
	tail := rapid.StringMatching(`[a-zA-Z0-9]{0,40}`).Draw(t, label)
	switch rapid.IntRange(0, 3).Draw(t, label+" form") {
	case 0:
		return reference + rapid.SampledFrom([]string{"OPENAI_API_KEY", "OPENAI_KEY_1", "KEY_B", "1BAD", "a-b"}).Draw(t, label+" name")
	case 1:
		return "sk-" + canary + tail
	case 2:
		return canary + " " + tail
	}
	return canary + tail
}

func somewhere(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"", "https://llm.example.com/v1", "http://llm.example.com", "http://10.0.0.1:8000", "not a url",
		"https://user:pass@host", "https://h/?q=1", "https://acme.openai.azure.com/", "os.environ/BASE", "env.BASE", "ftp://x", "https://a b"}).Draw(t, label)
}

func some[T any](t *rapid.T, label string, most int, draw func(*rapid.T, string) T) []T {
	var all []T
	for range rapid.IntRange(0, most).Draw(t, label) {
		all = append(all, draw(t, label))
	}
	return all
}

func someLiteLLM(t *rapid.T) object {
	model := func(t *rapid.T, _ string) any {
		return object{"model_name": someText(t, "name"), "litellm_params": object{
			"model": someText(t, "model"), "api_key": someSecret(t, "os.environ/", "key"), "api_base": somewhere(t, "base"),
			"weight": somePart(t, "weight"), "timeout": somePart(t, "timeout"), "stream_timeout": somePart(t, "stream timeout"),
			"order": somePart(t, "order"), "rpm": somePart(t, "rpm"), "custom_llm_provider": rapid.SampledFrom([]any{nil, nil, "openai", "x"}).Draw(t, "custom"),
		}}
	}
	names := func(t *rapid.T, label string) string { return someText(t, label) }
	return object{
		"model_list":       some(t, "models", 6, model),
		"litellm_settings": object{"request_timeout": somePart(t, "timeout"), "fallbacks": []any{object{someText(t, "of"): some(t, "to", 3, names)}}, "default_fallbacks": some(t, "default", 2, names)},
		"router_settings":  object{"model_group_alias": object{someText(t, "alias"): someText(t, "for")}},
		"general_settings": object{"master_key": someSecret(t, "os.environ/", "master key"),
			"key_management_system":   rapid.SampledFrom([]any{nil, "aws_secret_manager", "azure_key_vault"}).Draw(t, "system"),
			"key_management_settings": object{"primary_secret_name": rapid.SampledFrom([]any{nil, "litellm/keys", "a b"}).Draw(t, "primary")}},
	}
}

func someBifrost(t *rapid.T) object {
	key := func(t *rapid.T, _ string) any {
		return object{"name": someText(t, "name"), "value": someSecret(t, "env.", "key"), "weight": somePart(t, "weight"),
			"models": some(t, "models", 3, someText), "aliases": object{someText(t, "alias"): someText(t, "for")}, "enabled": somePart(t, "enabled"),
			"azure_key_config": object{"endpoint": somewhere(t, "endpoint")}}
	}
	providers := object{}
	for _, name := range some(t, "providers", 4, func(t *rapid.T, label string) string {
		return rapid.OneOf(rapid.SampledFrom([]string{"openai", "anthropic", "azure", "gemini", "ollama", "bedrock"}), rapid.String()).Draw(t, label)
	}) {
		providers[name] = object{"keys": some(t, "keys", 4, key),
			"network_config":         object{"base_url": somewhere(t, "base"), "default_request_timeout_in_seconds": somePart(t, "timeout"), "stream_idle_timeout_in_seconds": somePart(t, "idle")},
			"custom_provider_config": rapid.SampledFrom([]any{nil, object{"base_provider_type": "openai", "is_key_less": true}, object{"base_provider_type": "x"}}).Draw(t, "custom")}
	}
	client := func(t *rapid.T, _ string) any {
		return object{"name": someText(t, "client"), "value": someSecret(t, "env.", "virtual key"), "is_active": somePart(t, "active")}
	}
	rule := func(t *rapid.T, _ string) any {
		return object{"cel_expression": rapid.SampledFrom([]string{"model == 'x'", `model.startsWith("c")`, "model == 'a b'", "true"}).Draw(t, "rule"),
			"targets":   []any{object{"provider": "openai", "model": someText(t, "model"), "weight": somePart(t, "weight")}, object{"provider": "anthropic"}},
			"fallbacks": some(t, "fallbacks", 2, someText)}
	}
	return object{"providers": providers, "governance": object{"virtual_keys": some(t, "clients", 4, client), "routing_rules": some(t, "rules", 3, rule)}}
}

func somePortkey(t *rapid.T, depth int) object {
	if depth == 0 || rapid.Bool().Draw(t, "leaf") {
		return object{"provider": rapid.SampledFrom([]string{"openai", "anthropic", "azure-openai", "bedrock", "@openai-main", "", "groq", "ollama"}).Draw(t, "provider"),
			"virtual_key": rapid.SampledFrom([]any{nil, "openai-v1", "mystery", "anthropic-x"}).Draw(t, "virtual key"), "name": someText(t, "name"),
			"api_key": rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](someSecret(t, "none.", "key"))).Draw(t, "has key"), "weight": somePart(t, "weight"),
			"override_params": object{"model": someText(t, "model")}, "custom_host": somewhere(t, "host"), "request_timeout": somePart(t, "timeout"),
			"resource_name": someText(t, "resource"), "deployment_id": someText(t, "deployment")}
	}
	return object{"strategy": object{"mode": rapid.SampledFrom([]string{"loadbalance", "fallback", "single", "conditional", "", "odd"}).Draw(t, "mode"),
		"conditions": []any{object{"query": object{"params.model": someText(t, "asked")}, "then": "a"}}, "default": "a"},
		"name": "a", "weight": somePart(t, "weight"), "request_timeout": somePart(t, "timeout"),
		"targets": some(t, "targets", 4, func(t *rapid.T, _ string) object { return somePortkey(t, depth-1) })}
}

// TestWhateverIsImportedValidates also wants no secret to get out.
func TestWhateverIsImportedValidates(t *testing.T) {
	t.Parallel()
	draws := map[peerconfig.Peer]func(*rapid.T) object{
		peerconfig.Bifrost: someBifrost, peerconfig.LiteLLM: someLiteLLM,
		peerconfig.Portkey: func(t *rapid.T) object { return somePortkey(t, 3) },
	}
	for _, peer := range peers {
		t.Run(string(peer), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				source, err := json.Marshal(draws[peer](t))
				if err != nil {
					t.Fatal(err)
				}
				result, err := peerconfig.Import(peer, source)
				var faults config.Faults
				if errors.As(err, &faults) {
					t.Fatalf("%v\nof %s", err, source)
				}
				if err == nil {
					_, err := config.Parse(result.Document, "")
					if err != nil {
						t.Fatalf("%v\n%s", err, result.Document)
					}
				} else if len(result.Document) > 0 {
					t.Errorf("a document beside %v", err)
				}
				if said := text(result); strings.Contains(strings.ToLower(said), strings.ToLower(canary)) {
					t.Errorf("a secret got out:\n%s\nof %s", said, source)
				}
			})
		})
	}
}
