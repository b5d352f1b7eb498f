package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"pgregory.net/rapid"
)

func TestBaseURL(t *testing.T) {
	t.Parallel()
	const (
		absolute = "is not an absolute URL"
		clear    = "would send keys in clear"
		query    = "has a query or fragment"
		user     = "holds a user or password"
		junk     = "holds characters"
	)
	tests := []struct{ url, fault string }{
		{"https://api.example.com/v1", ""},
		{"https://api.example.com/v1/", ""},
		{"https://api.example.com:8443", ""},
		{"https://203.0.113.7", ""},
		{"http://localhost:11434/v1", ""},
		{"http://127.0.0.2", ""},
		{"http://[::1]:8080", ""},
		{"http://10.1.2.3", ""},
		{"http://[fd00::1]", ""},
		{"http://ollama:11434", ""},
		{"http://llm.corp.internal", ""},
		{"http://llm.local", ""},
		{"http://a.localhost", ""},

		{"http://api.example.com", clear},
		{"http://203.0.113.7", clear},
		{"http://169.254.169.254/latest", clear}, // the metadata service is no provider
		{"http://0.0.0.0", clear},
		{"http://localhost.example.com", clear},
		{"HTTP://EXAMPLE.COM", clear},
		{"api.example.com", absolute},
		{"//api.example.com", absolute},
		{"ftp://api.example.com", absolute},
		{"https:///v1", absolute},
		{"https:api.example.com", absolute},
		{"https://exa mple.com", absolute},
		{"https://a%zz", absolute},
		{"https://:8080", junk},
		{"https://host/v1;", junk},
		{"https://host/v1, https://other", junk},
		{"https://host/v1 ", junk},
		{"https://me:secret@host", user},
		{"https://me@host", user},
		{"https://host?a=b", query},
		{"https://host/?", query},
		{"https://host/#", query},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			c := config.Simulated(tt.url)
			p := c.Pools["simulated"]
			p.Provider = "openai-compatible"
			c.Pools["simulated"] = p
			err := c.Validate()
			if tt.fault == "" {
				wantFaults(t, err)
			} else if err == nil || !strings.HasPrefix(err.Error(), "pools.simulated.base_url: "+tt.fault) {
				t.Errorf("got %v, want %s", err, tt.fault)
			}
		})
	}
}

// Azure's portal shows the resource alone, and a proxy before it has its own paths.
func TestAzureURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, fault string }{
		{"https://acme.openai.azure.com/openai/v1", ""},
		{"https://acme.services.ai.azure.com/openai/v1/", ""},
		{"https://proxy.acme.com/llm", ""},
		{"https://acme.openai.azure.com", "does not end in /openai/v1: write \"https://acme.openai.azure.com/openai/v1\""},
		{"https://acme.openai.azure.com/openai/", "does not end in /openai/v1: write \"https://acme.openai.azure.com/openai/v1\""},
		{"https://acme.openai.azure.com/openai/deployments/gpt-5/", "names a deployment"},
		{"https://acme.openai.azure.com/openai/v1?api-version=preview", "has a query or fragment"},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			c := config.Simulated(tt.url)
			p := c.Pools["simulated"]
			p.Provider = "azure"
			c.Pools["simulated"] = p
			err := c.Validate()
			if tt.fault == "" {
				wantFaults(t, err)
			} else if err == nil || !strings.HasPrefix(err.Error(), "pools.simulated.base_url: "+tt.fault) {
				t.Errorf("got %v, want %s", err, tt.fault)
			}
		})
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	models := map[string]config.Route{}
	for _, name := range []string{"claude-sonnet-5", "claude-*", "claude-opus-*", "o*", "review"} {
		models[name] = config.Route{Targets: []config.Target{{Pool: name}}}
	}
	some := &config.Config{Models: models}
	all := &config.Config{Models: map[string]config.Route{"*": {Targets: []config.Target{{Pool: "*"}}}, "gpt-5": {Targets: []config.Target{{Pool: "gpt-5"}}}}}
	tests := []struct {
		name   string
		config *config.Config
		model  string
		want   string // empty: none
	}{
		{"in full", some, "review", "review"},
		{"in full before patterns", some, "claude-sonnet-5", "claude-sonnet-5"},
		{"longest pattern", some, "claude-opus-5", "claude-opus-*"},
		{"shorter pattern", some, "claude-haiku-5", "claude-*"},
		{"pattern's own beginning", some, "claude-", "claude-*"},
		{"less than the beginning", some, "claude", ""},
		{"a name is no pattern", some, "review-2", ""},
		{"case counts", some, "Claude-opus-5", ""},
		{"a client that writes a star", some, "claude-*", "claude-*"},
		{"star takes the rest", all, "anything/at:all", "*"},
		{"star takes nothing from names", all, "gpt-5", "gpt-5"},
		{"star takes the empty name", all, "", "*"},
		{"no routes", &config.Config{}, "review", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := tt.config.Route(tt.model)
			if ok != (tt.want != "") || ok && got.Targets[0].Pool != tt.want {
				t.Errorf("got %+v, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

// Whatever patterns there are, the winner fits, and nothing that fits is longer.
func TestRouteIsTheLongestThatFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		models := map[string]config.Route{}
		for _, name := range rapid.SliceOf(rapid.StringMatching(`[ab]{0,4}\*?`)).Draw(t, "names") {
			models[name] = config.Route{Targets: []config.Target{{Pool: name}}}
		}
		model := rapid.StringMatching(`[ab]{0,5}`).Draw(t, "model")
		want, found := "", false
		for name := range models {
			prefix, isPattern := strings.CutSuffix(name, "*")
			fits := name == model || isPattern && strings.HasPrefix(model, prefix)
			if fits && (!found || name == model || want != model && len(name) > len(want)) {
				want, found = name, true
			}
		}
		got, ok := (&config.Config{Models: models}).Route(model)
		if ok != found || ok && got.Targets[0].Pool != want {
			t.Fatalf("got %+v, %v; want %q, %v", got, ok, want, found)
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	models := map[string]config.Route{"*": {}}
	for i := range 50 {
		models[fmt.Sprintf("model-%d", i)] = config.Route{}
	}
	c := &config.Config{Models: models}
	for _, model := range []string{"model-7", "claude-sonnet-5"} {
		b.Run(model, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Route(model)
			}
		})
	}
}

func TestCheckListen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		addr     string
		auth     string
		anybody  bool
		accepted bool
	}{
		{"127.0.0.1:8080", "none", false, true},
		{"127.8.9.10:0", "none", false, true},
		{"[::1]:8080", "none", false, true},
		{"[::ffff:127.0.0.1]:8080", "none", false, true},
		{"localhost:8080", "none", false, true},
		{":8080", "none", false, false},
		{"0.0.0.0:8080", "none", false, false},
		{"[::]:8080", "none", false, false},
		{"192.168.0.7:8080", "none", false, false},
		{"localhost.example.com:8080", "none", false, false},
		{"0.0.0.0:8080", "none", true, true},
		{"0.0.0.0:8080", "tokens", false, true},
		{"8080", "tokens", false, false},
		{"127.0.0.1", "none", true, false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			c := &config.Config{Clients: config.Clients{Auth: tt.auth, AllowAnonymous: tt.anybody}}
			if err := config.CheckListen(c, tt.addr); (err == nil) != tt.accepted {
				t.Errorf("got %v, want accepted %v", err, tt.accepted)
			}
		})
	}
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		environ []string
		keys    string // pool: name=secret …
		routes  map[string]string
	}{
		{"none", []string{"PATH=/bin", "ANTHROPIC_API_KEY=", "OPENAI_KEY_=x", "ANTHROPIC_KEY_0=x", "ANTHROPIC_KEY_01=x",
			"MY_ANTHROPIC_API_KEY=x", "ANTHROPIC_API_KEY_2=x", "ANTHROPIC_KEY_-1=x", "openai_api_key=x"}, "", nil},
		{"one", []string{"ANTHROPIC_API_KEY=a"}, "anthropic: anthropic=env:ANTHROPIC_API_KEY",
			map[string]string{"claude-sonnet-5": "anthropic", "gpt-5": "anthropic"}},
		{"numbers in order, with gaps", []string{"OPENAI_KEY_10=j", "OPENAI_KEY_2=b", "OPENAI_API_KEY=z"},
			"openai: openai-2=env:OPENAI_KEY_2 openai-10=env:OPENAI_KEY_10 openai=env:OPENAI_API_KEY",
			map[string]string{"claude-sonnet-5": "openai", "gpt-5": "openai"}},
		{"one key under several names", []string{"ANTHROPIC_API_KEY=a", "ANTHROPIC_KEY_2=a", "ANTHROPIC_KEY_1=a", "ANTHROPIC_KEY_3=c"},
			"anthropic: anthropic-1=env:ANTHROPIC_KEY_1 anthropic-3=env:ANTHROPIC_KEY_3", nil},
		{"one variable twice", []string{"ANTHROPIC_KEY_1=a", "ANTHROPIC_KEY_1=b"},
			"anthropic: anthropic-1=env:ANTHROPIC_KEY_1", nil},
		{"both", []string{"OPENAI_API_KEY=o", "ANTHROPIC_KEY_1=a"},
			"anthropic: anthropic-1=env:ANTHROPIC_KEY_1; openai: openai=env:OPENAI_API_KEY",
			map[string]string{"claude-sonnet-5": "anthropic", "gpt-5": "openai", "o3": "openai"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ok := config.FromEnv(tt.environ)
			if got := keysOf(c); got != tt.keys || ok != (tt.keys != "") {
				t.Fatalf("got %q, %v; want %q", got, ok, tt.keys)
			}
			if ok {
				wantFaults(t, c.Validate())
			}
			for model, pool := range tt.routes {
				if r, ok := c.Route(model); !ok || len(r.Targets) != 1 || r.Targets[0].Pool != pool {
					t.Errorf("%s leads to %+v, want %s", model, r, pool)
				}
			}
		})
	}
}

func keysOf(c *config.Config) string {
	var pools []string
	for _, name := range []string{"anthropic", "openai", "simulated"} {
		if p, ok := c.Pools[name]; ok {
			line := name + ":"
			for _, k := range p.Keys {
				line += " " + k.Name + "=" + k.Secret
			}
			pools = append(pools, line)
		}
	}
	return strings.Join(pools, "; ")
}

func TestSimulated(t *testing.T) {
	t.Parallel()
	c := config.Simulated("http://127.0.0.1:8081")
	wantFaults(t, c.Validate())
	if err := config.CheckListen(c, "127.0.0.1:8080"); err != nil {
		t.Error(err)
	}
	if err := config.CheckListen(c, ":8080"); err == nil {
		t.Error("anybody may use it from anywhere")
	}
	environ := strings.Join(config.SimulatedEnviron(), "\n")
	for _, k := range c.Pools["simulated"].Keys {
		if variable := strings.TrimPrefix(k.Secret, "env:"); !strings.Contains(environ, variable+"=") {
			t.Errorf("%s is not in the environment", variable)
		}
	}
}
