package telemetry_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/telemetry"
)

func TestGenAIWords(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{
		"": "chat", "messages": "chat", "responses": "chat", "completions": "text_completion", "embeddings": "embeddings", "files": "files",
	} {
		if got := telemetry.Operation(api); got != want {
			t.Errorf("Operation(%q) = %q, want %q", api, got, want)
		}
	}
	for provider, want := range map[string]string{
		"": "none", "anthropic": "anthropic", "openai": "openai", "azure": "azure.ai.openai", "bedrock": "aws.bedrock", "vllm": "vllm",
	} {
		if got := telemetry.GenAIProvider(provider); got != want {
			t.Errorf("GenAIProvider(%q) = %q, want %q", provider, got, want)
		}
	}
}
