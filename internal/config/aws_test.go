package config_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

// awsPool is a document with one pool that aws:role is the key of.
func awsPool(provider, base, workspace string) *config.Config {
	c := config.Simulated(base)
	p := c.Pools["simulated"]
	p.Provider, p.Workspace = provider, workspace
	p.Keys = []config.Key{{Name: "role", Secret: "aws:role", Weight: 1}}
	c.Pools["simulated"] = p
	return c
}

func TestAWSPools(t *testing.T) {
	t.Parallel()
	const pool, workspace = "pools.simulated.", "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ"
	tests := []struct {
		name, provider, base, workspace, fault string
	}{
		{"Bedrock where the process runs", "bedrock", "", "", ""},
		{"Bedrock elsewhere", "bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com", "", ""},
		{"Bedrock's private endpoint", "bedrock", "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "", ""},
		{"Bedrock in Anthropic's format", "bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com/anthropic/", "",
			"base_url: is an endpoint in Anthropic's format: write provider: claude-aws"},
		{"Bedrock in OpenAI's format", "bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "",
			"base_url: is an endpoint in OpenAI's format: write provider: openai-compatible"},
		{"mantle speaks no Converse", "bedrock", "https://bedrock-mantle.us-east-1.api.aws", "",
			"base_url: is not an endpoint of this format: end it in /anthropic and write provider: claude-aws"},
		{"workspace of Bedrock", "bedrock", "", workspace, "workspace: is for provider claude-aws only: others have no workspaces"},

		{"Claude Platform", "claude-aws", "", workspace, ""},
		{"Claude Platform elsewhere", "claude-aws", "https://aws-external-anthropic.eu-west-1.api.aws", workspace, ""},
		{"Claude Platform without workspace", "claude-aws", "", "",
			"workspace: is missing: Claude Platform on AWS wants the id of a workspace, wrkspc_…; its console shows it"},
		{"workspace that is none", "claude-aws", "", "my workspace", `workspace: "my workspace" is not the id of a workspace: letters, digits and _-`},
		{"Claude Platform with version", "claude-aws", "https://aws-external-anthropic.eu-west-1.api.aws/v1", workspace,
			`base_url: ends in /v1, which is added for this provider: write "https://aws-external-anthropic.eu-west-1.api.aws"`},
		{"mantle", "claude-aws", "https://bedrock-mantle.us-east-1.api.aws/anthropic", "", ""},
		{"mantle without path", "claude-aws", "https://bedrock-mantle.us-east-1.api.aws", "",
			"base_url: does not end in /anthropic, where Bedrock speaks Anthropic's format"},
		{"runtime", "claude-aws", "https://bedrock-runtime.us-east-1.amazonaws.com/anthropic/", "", ""},
		{"no URL at all", "claude-aws", "https://a%zz", workspace, "base_url: is not an absolute URL: write https://host/path"},

		{"role of another provider", "anthropic", "", "", "keys[0].secret: is no secret: aws:role is for the keys of bedrock and claude-aws"},
		{"workspace of another provider", "openai", "", workspace,
			"keys[0].secret: is no secret: aws:role is for the keys of bedrock and claude-aws\n" + pool + "workspace: is for provider claude-aws only: others have no workspaces"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, want := "", tt.fault
			if want != "" {
				want = pool + want
			}
			if err := awsPool(tt.provider, tt.base, tt.workspace).Validate(); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestRoleIsNoToken: everybody knows what aws:role stands for, so whoever says
// it must not be let in.
func TestRoleIsNoToken(t *testing.T) {
	t.Parallel()
	const fault = ": is no secret: aws:role is for the keys of bedrock and claude-aws"
	c := config.Simulated("")
	c.Clients = config.Clients{Auth: config.AuthTokens, Tokens: []config.Token{{Name: "bot", Secret: "aws:role"}}}
	c.Admin.Secret = "aws:role"
	p := c.Pools["simulated"]
	p.AdminKey = "aws:role"
	c.Pools["simulated"] = p
	wantFaults(t, c.Validate(), "pools.simulated.admin_key"+fault, "clients.tokens[0].secret"+fault, "admin.secret"+fault)
}
