package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

// awsProviders take AWS credentials for a key.
var awsProviders = []string{ProviderBedrock, ProviderClaudeAWS}

// workspacePattern is looser than the ids that AWS's console shows, wrkspc_…, so
// that a form of them that is yet to come needs no new version.
const workspacePattern = `^[A-Za-z0-9_-]{1,128}$`

// checkKeySecret takes aws:role too, where a provider understands it: to any
// other it would be sent as a key.
func checkKeySecret(p Pool, s, path string, r *report) (secret.Ref, bool) {
	if slices.Contains(awsProviders, p.Provider) {
		return checkReference(s, path, r)
	}
	return checkSecret(s, path, r)
}

// checkBedrockURL knows the endpoints of Bedrock that speak another provider's
// format.
func checkBedrockURL(s string) error {
	base := strings.TrimRight(s, "/")
	switch {
	case strings.HasSuffix(base, anthropicPath):
		return errors.New("is an endpoint in Anthropic's format: write provider: claude-aws")
	case strings.HasSuffix(base, "/openai/v1"):
		return errors.New("is an endpoint in OpenAI's format: write provider: openai-compatible")
	case strings.HasPrefix(hostOf(s), "bedrock-mantle."):
		return fmt.Errorf("is not an endpoint of this format: end it in %s and write provider: claude-aws", anthropicPath)
	}
	return nil
}

// anthropicPath begins the paths of Bedrock's endpoints in Anthropic's format.
const anthropicPath = "/anthropic"

// checkClaudeAWSURL knows that Bedrock's hosts have Anthropic's API below a path.
func checkClaudeAWSURL(s string) error {
	if err := checkAnthropicURL(s); err != nil {
		return err
	}
	if base := strings.TrimRight(s, "/"); onBedrock(s) && !strings.HasSuffix(base, anthropicPath) {
		return fmt.Errorf("does not end in %s, where Bedrock speaks Anthropic's format", anthropicPath)
	}
	return nil
}

func checkWorkspace(p Pool, path string, r *report) {
	switch {
	case p.Provider != ProviderClaudeAWS:
		if p.Workspace != "" {
			r.add(path, "is for provider claude-aws only: others have no workspaces")
		}
	case p.Workspace == "" && !onBedrock(p.BaseURL):
		r.add(path, "is missing: Claude Platform on AWS wants the id of a workspace, wrkspc_…; its console shows it")
	case p.Workspace != "" && !workspaceRegexp.MatchString(p.Workspace):
		r.add(path, "%s is not the id of a workspace: letters, digits and _-", show(p.Workspace))
	}
}

// onBedrock reports whether a base_url is one of Bedrock's, also by a private
// endpoint: those have names before the service's.
func onBedrock(base string) bool {
	return slices.ContainsFunc(strings.Split(hostOf(base), "."), func(label string) bool {
		return strings.HasPrefix(label, "bedrock-")
	})
}

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return "" // reported as no URL
	}
	return u.Hostname()
}
