package app_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/doctor"
	"github.com/fallow-dev/fallow/internal/simprovider"
)

// TestDoctorSeesWhatTheGatewayWould: providers, endpoints and secrets are those
// of the document.
func TestDoctorSeesWhatTheGatewayWould(t *testing.T) {
	t.Parallel()
	sim, err := simprovider.Start(t.Context(), simprovider.Config{Organisations: simprovider.Organisations(1, 1, simprovider.Roomy)}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	for _, pool := range []string{
		`{provider: anthropic, base_url: "` + sim.URL() + `/", keys: [{name: k, secret: "env:KEY"}]}`,
		`{provider: openai, base_url: "` + sim.URL() + `/v1", keys: [{name: k, secret: "env:KEY"}]}`,
	} {
		cfg, err := app.Doctor(app.Config{Document: parse(t, pool), Environ: []string{"KEY=sim-key-1"}})
		if err != nil {
			t.Fatal(err)
		}
		r := doctor.Run(t.Context(), cfg)
		if r.Count(doctor.Fail) != 0 || len(r.Pools) != 1 || len(r.Pools[0].Groups) != 1 || !strings.HasPrefix(r.Pools[0].Groups[0].Name, "org-") {
			t.Errorf("%s: got %+v, want a key that works, of a known organisation", pool, r)
		}
	}
}

func TestDoctorRefuses(t *testing.T) {
	t.Parallel()
	doc := &config.Config{Pools: map[string]config.Pool{"p": {Provider: "carrier-pigeon"}}}
	if _, err := app.Doctor(app.Config{Document: doc}); err == nil || !strings.HasPrefix(err.Error(), `pools.p: provider "carrier-pigeon"`) {
		t.Errorf("got %v, want an error about the provider", err)
	}
}
