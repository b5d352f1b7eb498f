package config

import "fmt"

// simulatedKeys is the size of the pool of Simulated, and simulatedVariable
// the beginning of the variables that hold its keys.
const (
	simulatedKeys     = 4
	simulatedVariable = "FALLOW_SIMULATED_KEY_"
)

// Simulated makes a document for a simulated Anthropic at baseURL: one pool,
// "simulated", of four keys, which all models lead to. The keys stand in the
// variables that SimulatedEnviron returns.
func Simulated(baseURL string) *Config {
	var keys []Key
	for i := range simulatedKeys {
		keys = append(keys, newKey(keyName("simulated", i+1), fmt.Sprintf("env:%s%d", simulatedVariable, i+1)))
	}
	c := newLocal()
	c.addPool("simulated", ProviderAnthropic, baseURL, keys)
	c.Models["*"] = routeTo("simulated")
	return c
}

// SimulatedEnviron returns the environment that Simulated refers to. Its keys
// are no secrets: they open nothing.
func SimulatedEnviron() []string {
	var environ []string
	for i := range simulatedKeys {
		environ = append(environ, fmt.Sprintf("%s%d=simulated-key-%d", simulatedVariable, i+1, i+1))
	}
	return environ
}

// newLocal begins a document for one person on one machine: without tokens,
// which CheckListen takes on loopback only.
func newLocal() *Config {
	c := &Config{Version: 1, Pools: map[string]Pool{}, Models: map[string]Route{}, Clients: Clients{Auth: AuthNone}}
	c.setDefaults()
	return c
}

func (c *Config) addPool(name, provider, baseURL string, keys []Key) {
	p := Pool{Provider: provider, BaseURL: baseURL, Keys: keys}
	p.setDefaults()
	c.Pools[name] = p
}

func newKey(name, ref string) Key {
	k := Key{Name: name, Secret: ref}
	k.setDefaults()
	return k
}

func routeTo(pool string) Route { return Route{Targets: []Target{{Pool: pool}}} }
