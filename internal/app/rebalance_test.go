package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/rebalance"
	"github.com/fallow-dev/fallow/internal/simprovider"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// TestRebalancerAsksProviders: the job reaches the providers of the document
// with the keys' secrets, and reads limits with the admin key.
func TestRebalancerAsksProviders(t *testing.T) {
	t.Parallel()
	sim, err := simprovider.Start(t.Context(), simprovider.Config{Organisations: simprovider.Organisations(1, 2, simprovider.Roomy)}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	sim.Revoke("sim-key-2")
	doc := parse(t, `{provider: anthropic, base_url: "`+sim.URL()+`", admin_key: "env:ADMIN",
    keys: [{name: good, secret: "env:KEY_1"}, {name: dead, secret: "env:KEY_2"}]}`)
	doc.Models["claude-sonnet-5"] = config.Route{Targets: []config.Target{{Pool: "p"}}}
	var log bytes.Buffer
	table := embedded.NewMemory()
	job, err := app.Rebalancer(app.Config{
		Document: doc, Table: table, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Environ: []string{"KEY_1=sim-key-1", "KEY_2=sim-key-2", "ADMIN=" + simprovider.AdminKey("org-1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := job.Run(t.Context())
	if err != nil || report.Tried != 2 || report.Refused != 1 || report.Seeded != 1 || report.Digests != 1 {
		t.Errorf("got %+v, %v; want two keys asked, one of them refused, and limits of one family", report, err)
	}
	digest, _, err := table.Get(t.Context(), rebalance.DigestRecord("p"))
	if text := digest.Str("digest"); err != nil || !strings.Contains(text, `"requests_per_minute":5000`) || !strings.Contains(text, "auth") {
		t.Errorf("digest %s, %v; want the limits and the dead key", text, err)
	}
	for _, planted := range []string{"sim-key-", "sim-admin"} {
		if strings.Contains(log.String()+dump(t, table), planted) {
			t.Errorf("%s… stands in the log or in the table:\n%s", planted, log.String())
		}
	}
}

// dump is everything that stands in the pool's records.
func dump(t *testing.T, table store.Table) string {
	t.Helper()
	items, err := table.Query(context.Background(), "pool#p")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, item := range items {
		for _, v := range item.Attrs {
			all.WriteString(v.Str() + "\n")
		}
	}
	return all.String()
}

func TestRebalancerRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		pool config.Pool
		says string
	}{
		{"unknown provider", config.Pool{Provider: "carrier-pigeon"}, `pools.p: provider "carrier-pigeon"`},
		{"secret that is no reference", config.Pool{Provider: "openai", Keys: []config.Key{{Name: "k", Secret: "planted"}}}, "pools.p: keys.k: "},
		{"admin key that is no reference", config.Pool{Provider: "anthropic", AdminKey: "planted"}, "pools.p: admin_key: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc := &config.Config{Pools: map[string]config.Pool{"p": tt.pool}}
			_, err := app.Rebalancer(app.Config{Document: doc, Table: embedded.NewMemory()})
			if err == nil || !strings.HasPrefix(err.Error(), tt.says) || strings.Contains(err.Error(), "planted") {
				t.Errorf("got %v, want one that begins %q", err, tt.says)
			}
		})
	}
}
