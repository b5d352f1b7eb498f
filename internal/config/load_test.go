package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseFillsInDefaults(t *testing.T) {
	t.Parallel()
	want := &config.Config{
		Version: 1,
		Pools: map[string]config.Pool{"claude": {
			Provider: "anthropic",
			Keys: []config.Key{
				{Name: "key-1", Secret: "env:KEY_1", Weight: 1},
				{Name: "key-2", Secret: "env:KEY_2", Weight: 1},
			},
			WaitBudget: config.Duration(30 * time.Second),
			Timeouts: config.Timeouts{
				Connect: config.Duration(5 * time.Second), FirstToken: config.Duration(time.Minute),
				Idle: config.Duration(time.Minute), Total: config.Duration(14 * time.Minute),
			},
		}},
		Models: map[string]config.Route{
			"review": {Targets: []config.Target{{Pool: "claude", Model: "claude-sonnet-5"}}},
			"*":      {Targets: []config.Target{{Pool: "claude"}}},
		},
		Clients: config.Clients{Auth: "tokens", Tokens: []config.Token{{Name: "bot", Secret: "env:BOT"}}},
		Limits:  config.Limits{BodyBytes: 6_291_456},
	}
	if diff := cmp.Diff(want, parse(t, good)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	c := parse(t, edit(t, good,
		"    keys:\n", `    base_url: http://localhost:8080/api
    wait_budget: 0s
    timeouts:
      connect: 1500ms
      total: 1h0m0s
    keys:
`, "total: 1h0m0s", "total: 15m",
		"secret: env:KEY_1\n", "secret: env:KEY_1\n        weight: 2\n        quota: org-b\n",
		"secret: env:KEY_2\n", "secret: |-\n          env:KEY_2\n        weight: 0.5\n",
		"  auth: tokens\n", "  auth: tokens\n  allow_anonymous: false\n")+"admin: {secret: 'file:/run/admin'}\nlimits: {body_bytes: 32_000_000}\n")
	p := c.Pools["claude"]
	if p.WaitBudget != 0 || p.Timeouts.Connect.D() != 1500*time.Millisecond || p.Timeouts.Total.D() != 15*time.Minute ||
		p.Timeouts.Idle.D() != time.Minute || p.BaseURL != "http://localhost:8080/api" {
		t.Errorf("got pool %+v", p)
	}
	want := []config.Key{{Name: "key-1", Secret: "env:KEY_1", Weight: 2, Quota: "org-b"}, {Name: "key-2", Secret: "env:KEY_2", Weight: 0.5}}
	if diff := cmp.Diff(want, p.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if c.Admin.Secret != "file:/run/admin" || c.Limits.BodyBytes != 32_000_000 {
		t.Errorf("got %+v, %+v", c.Admin, c.Limits)
	}
}

func TestParseKeepsWhatRequestsAreServedBy(t *testing.T) {
	t.Parallel()
	c := parse(t, edit(t, good, "    keys:\n", "    passthrough: true\n    limits: {requests: 60, input_tokens: 30_000}\n    keys:\n",
		`"*": {targets: [{pool: claude}]}`, `"*": {targets: [{pool: claude}], priority: batch, unsupported: reject}`,
		`"env:BOT"`, `"env:BOT", priority: batch`))
	if r := c.Models["*"]; r.Priority != config.PriorityBatch || r.Unsupported != config.UnsupportedReject {
		t.Errorf("got route %+v", r)
	}
	if got := c.Clients.Tokens[0].Priority; got != config.PriorityBatch {
		t.Errorf("got priority %q of a client, want batch", got)
	}
	if got, want := c.Pools["claude"].Limits, (config.QuotaLimits{Requests: 60, InputTokens: 30_000}); got != want {
		t.Errorf("got limits %+v, want %+v", got, want)
	}
	if !c.Pools["claude"].Passthrough {
		t.Error("passthrough is off")
	}
}

// One document in the dresses it comes in.
func TestParseForms(t *testing.T) {
	t.Parallel()
	want := parse(t, good)
	json := `{
	"version": 1,
	"pools": {"claude": {"provider": "anthropic", "keys": [
		{"name": "key-1", "secret": "env:KEY_1"},
		{"name": "key-2", "secret": "env:\u004bEY_2"}
	]}},
	"models": {
		"review": {"targets": [{"pool": "claude", "model": "claude-sonnet-5"}]},
		"*": {"targets": [{"pool": "claude"}]}
	},
	"clients": {"auth": "tokens", "tokens": [{"name": "bot", "secret": "env:BOT"}]}
}`
	forms := map[string]string{
		"JSON with tabs":        json,
		"JSON in one line":      strings.NewReplacer("\n", "", "\t", "").Replace(json),
		"byte order mark":       "\uFEFF" + good,
		"CRLF":                  strings.ReplaceAll(good, "\n", "\r\n"),
		"document markers":      "---\n" + good + "...\n",
		"directive":             "%YAML 1.2\n---\n" + good,
		"comments":              "# one\n" + strings.ReplaceAll(good, "\n", " # two\n") + "# three",
		"empty section":         good + "limits:\nadmin:\n",
		"quoted keys":           strings.ReplaceAll(good, "pools:", `"pools":`),
		"no newline at the end": strings.TrimSuffix(good, "\n"),
	}
	for name, doc := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, parse(t, doc)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMarshalledConfigParsesEqual(t *testing.T) {
	t.Parallel()
	for name, c := range examples(t) {
		data, err := yaml.Marshal(c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c, parse(t, string(data)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// examples are documents that must always be good.
func examples(t *testing.T) map[string]*config.Config {
	t.Helper()
	file, err := config.Load("../../fallow.yaml")
	if err != nil {
		t.Fatalf("fallow.yaml:\n%v", err)
	}
	fromEnv, ok := config.FromEnv([]string{"ANTHROPIC_API_KEY=a", "OPENAI_KEY_2=b"})
	if !ok {
		t.Fatal("FromEnv found no key")
	}
	return map[string]*config.Config{
		"good": parse(t, good), "fallow.yaml": file, "FromEnv": fromEnv,
		"Simulated": config.Simulated("http://127.0.0.1:9"),
	}
}

func TestExampleOfTheRepository(t *testing.T) {
	t.Parallel()
	c := examples(t)["fallow.yaml"]
	for i, k := range c.Pools["claude"].Keys {
		if want := "secretsmanager:fallow/keys#anthropic_" + string(rune('1'+i)); k.Secret != want {
			t.Errorf("key %d: got %s, want %s", i, k.Secret, want)
		}
	}
	if got := len(c.Pools["claude"].Keys); got != 4 {
		t.Errorf("got %d keys, want 4", got)
	}
	if got, want := c.Clients.Tokens[0].Secret, "secretsmanager:fallow/clients#review_bot"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := c.Admin.Secret, "secretsmanager:fallow/admin#token"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(path, []byte("version: 2\n"+edit(t, good, "version: 1\n", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path)
	wantFaults(t, err, path+":1:1: version: is 2, this program reads version 1")
	if _, err := config.Load(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	if _, err := config.Load(dir); err == nil || !strings.HasPrefix(err.Error(), "config: ") {
		t.Errorf("directory: got %v", err)
	}
}

func TestRevision(t *testing.T) {
	t.Parallel()
	if got, want := config.Revision(nil), "e3b0c44298fc"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if config.Revision([]byte("a")) == config.Revision([]byte("a # why")) {
		t.Error("a comment makes no difference")
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"seconds", "30s", "30s"},
		{"minutes", "840s", "14m"},
		{"hours", "60m", "1h"},
		{"mixed", "90s", "1m30s"},
		{"tens keep their nought", "10m", "10m"},
		{"hour and seconds", "3610s", "1h0m10s"},
		{"nothing", "0", "0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var d, again config.Duration
			if err := d.UnmarshalText([]byte(tt.in)); err != nil {
				t.Fatal(err)
			}
			text, err := d.MarshalText()
			if string(text) != tt.want || err != nil {
				t.Errorf("got %s, %v; want %s", text, err, tt.want)
			}
			if err := again.UnmarshalText(text); err != nil || again != d {
				t.Errorf("read again: got %v, %v; want %v", again, err, d)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile("../../fallow.yaml")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Parse(data, "fallow.yaml"); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../fallow.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{good, string(example), "", "a: [", "- - -", "a: &x 1\nb: *x", "<<: {a: 1}", "? [a]\n: b",
		"pools: {}\npools: {}", "{version: !!int 1}", "pools: {a: {keys: [null, {weight: .inf}, 3]}}", "\uFEFF{}", "a: |\n b",
		"pools: {a: {wait_budget: [30]}}", "clients: {tokens: [{name: 1}]}", "%YAML 1.2\n---\n", "---\n---\n", "a: \"\\q\"", "*a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return // longer ones take the parser long and show nothing new
		}
		c, err := config.Parse(data, "f")
		if err != nil {
			var faults config.Faults
			if !errors.As(err, &faults) || len(faults) == 0 || c != nil {
				t.Fatalf("got %v, %#v", c, err)
			}
			for _, fault := range faults {
				if fault.Message == "" || strings.ContainsRune(fault.String(), '\n') {
					t.Fatalf("fault %#v", fault)
				}
			}
			return
		}
		again, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		d, err := config.Parse(again, "again")
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		if diff := cmp.Diff(c, d, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
