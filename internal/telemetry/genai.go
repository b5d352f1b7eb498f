package telemetry

// Operation is the value of OpenTelemetry's gen_ai.operation.name for a client
// API. Where the conventions have none, it is the API's own name.
func Operation(api string) string {
	switch api {
	case "", "messages", "responses":
		return "chat"
	case "completions":
		return "text_completion"
	}
	return api
}

// genAIProviders are the values of gen_ai.provider.name that are not the name
// which config documents use.
var genAIProviders = map[string]string{
	"azure": "azure.ai.openai", "bedrock": "aws.bedrock", "gemini": "gcp.gemini", "mistral": "mistral_ai", "xai": "x_ai",
}

// GenAIProvider is the value of gen_ai.provider.name for a provider of the
// config document; None for none.
func GenAIProvider(provider string) string {
	if provider == "" {
		return None
	}
	if name, ok := genAIProviders[provider]; ok {
		return name
	}
	return provider
}
