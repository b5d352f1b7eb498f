package peerconfig

import "slices"

// vendor is who sells models, and how Fallow reaches it.
type vendor struct {
	name string // the provider of a pool, if config knows it
	// aliases are the names that peers have for it, where they differ.
	aliases []string
	// baseURL is where it speaks OpenAI's dialect, if config does not know it;
	// empty for the others, and where only whoever runs it knows.
	baseURL string
	// variable is where clients of the vendor look for the key.
	variable string
	// families begin the names of its models.
	families []string
}

// vendors are those that peers can name. Endpoints, of those that config has
// none for, are from each vendor's page on its OpenAI compatibility.
var vendors = []*vendor{
	{"anthropic", nil, "", "ANTHROPIC_API_KEY", []string{"claude-"}},
	{"openai", []string{"text-completion-openai", "chatgpt"}, "", "OPENAI_API_KEY",
		[]string{"gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"}},
	{"azure", []string{"azure-openai", "azure_ai", "azure-ai", "azure_text"}, "", "AZURE_API_KEY", nil},
	{"gemini", []string{"google"}, "", "GEMINI_API_KEY", []string{"gemini-"}},
	{"groq", nil, "", "GROQ_API_KEY", nil},
	{"mistral", []string{"mistral-ai"}, "", "MISTRAL_API_KEY",
		[]string{"mistral-", "ministral-", "codestral-", "devstral-", "magistral-"}},
	{"deepseek", nil, "", "DEEPSEEK_API_KEY", []string{"deepseek-"}},
	{"xai", []string{"x-ai"}, "", "XAI_API_KEY", []string{"grok-"}},
	{"cohere", []string{"cohere_chat"}, "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY", []string{"command-"}},
	{"perplexity", []string{"perplexity-ai"}, "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY", []string{"sonar"}},
	{"together", []string{"together_ai", "together-ai"}, "", "TOGETHERAI_API_KEY", nil},
	{"fireworks", []string{"fireworks_ai", "fireworks-ai"}, "", "FIREWORKS_AI_API_KEY",
		[]string{"accounts/fireworks/"}},
	{"openrouter", nil, "", "OPENROUTER_API_KEY", nil},
	{"cerebras", nil, "", "CEREBRAS_API_KEY", nil},
	{"moonshot", nil, "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", []string{"kimi-", "moonshot-"}},
	{"nvidia", []string{"nvidia_nim"}, "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY", nil},
	{"deepinfra", nil, "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY", nil},
	{"sambanova", nil, "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY", nil},
	{"huggingface", nil, "https://router.huggingface.co/v1", "HUGGINGFACE_API_KEY", nil},
	{"zai", []string{"z-ai"}, "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", []string{"glm-"}},
	{"ollama", []string{"ollama_chat"}, "", "", nil},
	{"vllm", []string{"hosted_vllm"}, "", "", nil},
	{"sgl", []string{"sglang"}, "", "", nil},
	{"lm_studio", []string{"lmstudio"}, "", "", nil},
	{"openai-compatible", []string{"custom_openai", "openai_like", "litellm_proxy", "llamafile", "xinference"}, "", "", nil},
}

// vendorOf finds a vendor by one of the names that peers have for it; nil for
// one that this version cannot reach.
func vendorOf(name string) *vendor {
	for _, v := range vendors {
		if v.name == name || slices.Contains(v.aliases, name) {
			return v
		}
	}
	return nil
}

// keyless reports whether a vendor's server asks for no key as a rule.
func (v *vendor) keyless() bool { return v.variable == "" }
