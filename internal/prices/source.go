package prices

import "strings"

// better says that an entry wins over another of the same id.
const better = 1

// sources maps the source's providers to ours, and says what their keys begin
// with beside the model. Left out are providers whose prices depend on more
// than the model, and those that resell hundreds of models under ids of their own.
var sources = map[string]struct {
	provider string
	prefix   string
	rank     int
}{
	"anthropic":              {"anthropic", "anthropic/", better},
	"openai":                 {"openai", "openai/", better},
	"text-completion-openai": {"openai", "text-completion-openai/", 0},
	"azure":                  {"azure", "azure/", better},
	"azure_ai":               {"azure", "azure_ai/", 0},
	"gemini":                 {"gemini", "gemini/", better},
	"bedrock":                {"bedrock", "bedrock/", 0},
	"bedrock_converse":       {"bedrock", "bedrock/", better},
	"groq":                   {"groq", "groq/", better},
	"mistral":                {"mistral", "mistral/", better},
	"deepseek":               {"deepseek", "deepseek/", better},
	"xai":                    {"xai", "xai/", better},
	"cohere":                 {"cohere", "cohere/", 0},
	"cohere_chat":            {"cohere", "cohere/", better},
	"cerebras":               {"cerebras", "cerebras/", better},
	"together_ai":            {"together", "together_ai/", better},
	"moonshot":               {"moonshot", "moonshot/", better},
	"perplexity":             {"perplexity", "perplexity/", better},
	"zai":                    {"zai", "zai/", better},
	"sambanova":              {"sambanova", "sambanova/", better},
}

// id is provider/model as the file has it, or "" for what is left out.
func (m *sourceModel) id(key string) (id string, rank int) {
	s, ok := sources[m.Provider]
	model := strings.TrimPrefix(key, s.prefix)
	if !ok || model == "" || strings.ContainsAny(model, "\t\n\r") || leftOut(s.provider, model) {
		return "", 0
	}
	return s.provider + "/" + model, s.rank
}

// leftOut knows keys that are not ids of models: sizes of classes of models,
// throughput that is paid by the month, and names of the source's own ways.
func leftOut(provider, model string) bool {
	switch provider {
	case "bedrock":
		return strings.Contains(model, "-commitment/") || strings.HasPrefix(model, "claude_platform/") ||
			strings.HasPrefix(model, "invoke/") || strings.HasPrefix(model, "*/")
	case "together":
		return strings.HasPrefix(model, "together-ai-")
	case "perplexity":
		return strings.Contains(model, "/")
	}
	return false
}
