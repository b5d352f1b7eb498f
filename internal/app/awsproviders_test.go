package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
)

const (
	mantle   = "https://bedrock-mantle.us-east-1.api.aws/anthropic"
	platform = "https://aws-external-anthropic.us-west-2.api.aws"
	proxy    = "https://llm.acme.example/claude"
)

func awsPool(provider, base, key string) config.Pool {
	return config.Pool{Provider: provider, BaseURL: base, Keys: []config.Key{{Name: "k", Secret: key}}}
}

// TestRegion: a region is known or there is an error that says how to tell it.
func TestRegion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		pool    config.Pool
		environ []string
		base    string // where requests go; empty means that the pool is refused
	}{
		{"of the process", awsPool("bedrock", "", "aws:role"), inRegion, "https://bedrock-runtime.eu-west-1.amazonaws.com"},
		{"of the process's SDK", awsPool("claude-aws", "", "aws:role"), []string{"AWS_REGION=", "AWS_DEFAULT_REGION=us-east-2"}, "https://aws-external-anthropic.us-east-2.api.aws"},
		{"of base_url", awsPool("claude-aws", platform, "aws:role"), nil, platform},
		{"none", awsPool("bedrock", "", "env:KEY"), nil, ""},
		{"none for Claude Platform", awsPool("claude-aws", "", "aws:role"), nil, ""},
		{"none to sign for behind a proxy", awsPool("bedrock", proxy, "aws:role"), nil, ""},
		{"of the process behind a proxy", awsPool("bedrock", proxy, "aws:role"), inRegion, proxy},
		{"an API key needs none behind a proxy", awsPool("bedrock", proxy, "env:KEY"), nil, proxy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, err := providerOf(tt.pool, tt.environ)
			if tt.base == "" {
				if err == nil || !strings.HasPrefix(err.Error(), "base_url: the region is not known") {
					t.Errorf("got error %v, want one about the region", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := baseURL(tt.pool, k.dialect); got != tt.base {
				t.Errorf("got %s, want %s", got, tt.base)
			}
		})
	}
}

// TestClaudeAWS: the door decides what is signed for, how quotas count and who
// asks what price.
func TestClaudeAWS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		base, scope string
		prepaid     bool
		seller      string
	}{
		{"", "/eu-west-1/aws-external-anthropic/aws4_request", false, "anthropic"},
		{platform, "/us-west-2/aws-external-anthropic/aws4_request", false, "anthropic"},
		{proxy, "/eu-west-1/aws-external-anthropic/aws4_request", false, "anthropic"},
		{mantle, "/us-east-1/bedrock-mantle/aws4_request", true, "bedrock"},
		{"https://bedrock-runtime.us-east-1.amazonaws.com/anthropic", "/us-east-1/bedrock/aws4_request", true, "bedrock"},
	}
	for _, tt := range tests {
		t.Run(tt.base, func(t *testing.T) {
			t.Parallel()
			p := awsPool("claude-aws", tt.base, "aws:role")
			p.Workspace = "wrkspc_01"
			k, err := providerOf(p, inRegion)
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequest(http.MethodPost, baseURL(p, k.dialect)+"/v1/messages", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			k.dialect.Authorize(r, secret.New(sigv4.Role))
			if got := r.Header.Get("Authorization"); !strings.Contains(got, "Credential=AKIDEXAMPLEOFTESTS01/") || !strings.Contains(got, tt.scope) {
				t.Errorf("got Authorization %q, want the process's credentials for %s", got, tt.scope)
			}
			if k.prepaid != tt.prepaid || claudeSeller(p) != tt.seller {
				t.Errorf("prepaid %v, sold by %s; want %v, %s", k.prepaid, claudeSeller(p), tt.prepaid, tt.seller)
			}
		})
	}
}

func TestBedrockFormula(t *testing.T) {
	t.Parallel()
	claude, other := bedrockFormula("us.anthropic.claude-opus-5"), bedrockFormula("amazon.nova-pro-v1:0")
	if claude.Page == other.Page {
		t.Errorf("a page costs %d with Claude and with others: one of them has the wrong formula", claude.Page)
	}
}
