package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// providers are what a pool's provider may be. The names below the first two lines
// are of OpenAI's dialect: each knows its endpoint, its limits and its errors,
// which openai-compatible leaves to be found out.
var providers = []string{
	ProviderAnthropic, ProviderOpenAI, ProviderOpenAICompatible, ProviderAzure, ProviderGemini,
	ProviderBedrock, ProviderClaudeAWS,
	"cerebras", "deepseek", "fireworks", "groq", "mistral", "ollama", "openrouter", "together", "vllm", "xai",
}

// ProviderNames lists what a pool's provider may be.
func ProviderNames() []string { return slices.Clone(providers) }

// endpointForms are the providers without an endpoint of their own, and the form
// of the base_url that they need.
var endpointForms = map[string]string{
	ProviderOpenAICompatible: "https://host/v1",
	ProviderAzure:            "https://RESOURCE.openai.azure.com" + azurePath,
}

// endpointChecks are what some providers' endpoints must be beside a URL.
var endpointChecks = map[string]func(string) error{
	ProviderAnthropic: checkAnthropicURL,
	ProviderAzure:     checkAzureURL,
	ProviderBedrock:   checkBedrockURL,
	ProviderClaudeAWS: checkClaudeAWSURL,
}

// azurePath begins the paths of Azure's v1 API.
const azurePath = "/openai/v1"

// checkAzureURL knows that the portal shows a resource without the path of the
// v1 API, and that older clients want the path of a deployment. A host that is
// not Azure's is a proxy's, whose paths are its own.
func checkAzureURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || !strings.HasSuffix(u.Hostname(), ".azure.com"):
		return nil
	case strings.Contains(u.Path, "/deployments"):
		return errors.New("names a deployment: end it in " + azurePath + ", deployments are models")
	case strings.TrimRight(u.Path, "/") != azurePath:
		return fmt.Errorf("does not end in %s: write %s", azurePath, show(u.Scheme+"://"+u.Host+azurePath))
	}
	return nil
}
