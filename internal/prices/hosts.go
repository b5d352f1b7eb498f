package prices

import "strings"

// HostProvider names the provider behind the base URL of an openai-compatible
// pool, as Lookup wants it; empty for hosts whose prices are not known. What
// runs on a machine of one's own has no price per token.
func HostProvider(host string) string {
	for _, h := range hosts {
		if host == h.domain || strings.HasSuffix(host, "."+h.domain) {
			return h.provider
		}
	}
	return ""
}

var hosts = []struct{ domain, provider string }{
	{"api.openai.com", "openai"},
	{"api.anthropic.com", "anthropic"},
	{"generativelanguage.googleapis.com", "gemini"},
	{"openai.azure.com", "azure"},
	{"services.ai.azure.com", "azure"},
	{"cognitiveservices.azure.com", "azure"},
	{"api.groq.com", "groq"},
	{"api.mistral.ai", "mistral"},
	{"api.deepseek.com", "deepseek"},
	{"api.x.ai", "xai"},
	{"api.cohere.ai", "cohere"},
	{"api.cohere.com", "cohere"},
	{"api.cerebras.ai", "cerebras"},
	{"api.together.xyz", "together"},
	{"api.together.ai", "together"},
	{"api.moonshot.ai", "moonshot"},
	{"api.perplexity.ai", "perplexity"},
	{"api.z.ai", "zai"},
	{"api.sambanova.ai", "sambanova"},
}
