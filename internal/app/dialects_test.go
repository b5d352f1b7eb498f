package app

import (
	"encoding/json"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider/preset"
)

var inRegion = []string{"AWS_REGION=eu-west-1"}

// providerNames are those that the config's own schema offers.
func providerNames(t *testing.T) []string {
	t.Helper()
	var schema struct {
		Properties struct {
			Pools struct {
				AdditionalProperties struct {
					Properties struct {
						Provider struct {
							Enum []string `json:"enum"`
						} `json:"provider"`
					} `json:"properties"`
				} `json:"additionalProperties"`
			} `json:"pools"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	names := schema.Properties.Pools.AdditionalProperties.Properties.Provider.Enum
	if len(names) == 0 {
		t.Fatal("the schema names no providers")
	}
	return names
}

// What a config may name, the program can reach, and where config demands a
// base_url the dialect has none, and only there.
func TestEveryProviderOfTheConfigIsKnown(t *testing.T) {
	t.Parallel()
	offered := map[string]bool{}
	for _, name := range providerNames(t) {
		offered[name] = true
		k, err := providerOf(config.Pool{Provider: name}, inRegion)
		if err != nil || k.dialect == nil || k.formula == nil {
			t.Errorf("%s: got %+v, %v", name, k, err)
			continue
		}
		c := config.Simulated("")
		p := c.Pools["simulated"]
		p.Provider = name
		if name == config.ProviderClaudeAWS {
			p.Workspace = "wrkspc_01"
		}
		c.Pools["simulated"] = p
		if accepted, own := c.Validate() == nil, k.dialect.DefaultBaseURL() != ""; accepted != own {
			t.Errorf("%s without base_url: config accepts it: %v, the dialect has an own one: %v", name, accepted, own)
		}
		if own := k.dialect.DefaultBaseURL(); own != "" {
			p.BaseURL = own
			c.Pools["simulated"] = p
			if err := c.Validate(); err != nil {
				t.Errorf("%s: its own endpoint is refused: %v", name, err)
			}
		}
	}
	for _, name := range preset.Names() {
		if !offered[name] {
			t.Errorf("there is a preset %s that no config can name", name)
		}
	}
	if _, err := providerOf(config.Pool{Provider: "acme"}, inRegion); err == nil {
		t.Error("a provider that nobody knows is known")
	}
}

// A provider that counts the output asked for must be booked for it, and one
// that does not must not: its quota would look full when it is not.
func TestPrepaid(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"anthropic": false, "openai": true, "openai-compatible": true, "azure": true, "gemini": false,
		"groq": true, "mistral": true, "cerebras": true, "xai": true,
		"bedrock": true, "claude-aws": false, "deepseek": false, "openrouter": false, "together": false, "fireworks": false, "ollama": false, "vllm": false,
	} {
		if k, err := providerOf(config.Pool{Provider: name}, inRegion); err != nil || k.prepaid != want {
			t.Errorf("%s: prepaid %v, %v; want %v", name, k.prepaid, err, want)
		}
	}
}
