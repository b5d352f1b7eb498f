package peerconfig

import (
	"slices"
	"strings"
)

// splitModel takes provider/model apart. Names without a provider are those of
// the vendors whose families LiteLLM knows too.
func splitModel(model, provider string, hasBase bool) (vendor, upstream string) {
	if provider != "" {
		return provider, strings.TrimPrefix(model, provider+"/")
	}
	first, rest, ok := strings.Cut(model, "/")
	if ok {
		for _, route := range []string{"responses/", "chat/", "o_series/", "gpt5_series/"} {
			rest = strings.TrimPrefix(rest, route) // which API to use, not part of the name
		}
		return first, rest
	}
	for _, v := range vendors {
		if slices.ContainsFunc(v.families, func(f string) bool { return strings.HasPrefix(model, f) }) {
			return v.name, model
		}
	}
	if hasBase {
		return "openai", model
	}
	return "", model
}

// withOllamaPath adds where Ollama speaks OpenAI's API; LiteLLM speaks its own.
func withOllamaPath(v *vendor, base string) string {
	base = strings.TrimRight(base, "/")
	if v.name == "ollama" && !strings.HasSuffix(base, "/v1") {
		return base + "/v1"
	}
	return base
}

// secretManager reads where os.environ/NAME leads when LiteLLM keeps its
// secrets in AWS Secrets Manager (LiteLLM docs, secret_managers); nil when it
// does not.
func secretManager(general *value) func(string) string {
	system := general.get("key_management_system")
	if system == nil || system.scalar != "aws_secret_manager" {
		return nil
	}
	system.settle()
	settings := general.get("key_management_settings")
	primary, hosted := settings.get("primary_secret_name").text(), settings.get("hosted_keys").texts()
	return func(name string) string {
		switch {
		case len(hosted) > 0 && !slices.Contains(hosted, name):
			return "env:" + name
		case primary != "":
			return "secretsmanager:" + primary + "#" + name
		}
		return "secretsmanager:" + name
	}
}
