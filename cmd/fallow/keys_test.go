package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret"
)

// keyDocument writes a document whose keys stand in that stack's secrets, as
// the stack makes them.
func keyDocument(t *testing.T, stack string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	text := strings.ReplaceAll(`version: 1
pools:
  p:
    provider: anthropic
    admin_key: "secretsmanager:STACK/org"
    keys:
      - {name: key-1, secret: "secretsmanager:STACK/keys#one"}
      - {name: key-2, secret: "secretsmanager:STACK/keys#two"}
      - {name: key-3, secret: "secretsmanager:STACK/keys#three"}
  q: {provider: openai, keys: [{name: key-3, secret: "env:KEY_3"}, {name: key-4, secret: "file:/nowhere/key"}]}
models: {"*": {targets: [{pool: p}]}}
clients: {auth: tokens, tokens: [{name: bot, secret: "secretsmanager:STACK/clients#bot"}]}
admin: {secret: "secretsmanager:STACK/admin"}
`, "STACK", stack)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// piped is a standard input with that text.
func piped(t *testing.T, text string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(w, text); _ = w.Close() }()
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// setKeys runs the command with that standard input.
func setKeys(t *testing.T, in string, c setKeysCmd) (said string, err error) {
	t.Helper()
	var out strings.Builder
	c.in = piped(t, in)
	err = c.Run(&terminal{ctx: t.Context(), stdout: &out, stderr: &out})
	return out.String(), err
}

func TestSetKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		names []string
		in    string
		want  string // of the secret with the keys
		says  string
	}{
		{"one from a pipe", []string{"key-1"}, "canary\n", `{"one":"canary","three":"","two":"old"}`, "keys: one set (version 0"},
		{"by pool and key", []string{"p/key-3"}, "canary", `{"one":"","three":"canary","two":"old"}`, "three set"},
		{"by field", []string{"one"}, "canary", `{"one":"canary","three":"","two":"old"}`, "one set"},
		{"several by name", []string{"key-1", "key-2"}, `{"key-1": "canary", "p/key-2": "canary2"}`,
			`{"one":"canary","three":"","two":"canary2"}`, "one, two set"},
		{"all that are given", nil, `{"key-1": "canary", "three": "canary3"}`, `{"one":"canary","three":"canary3","two":"old"}`, "one, three set"},
		{"nothing new", []string{"key-2"}, "old", `{"one":"","two":"old","three":""}`, "two had this value already"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stack := "set" + string(rune('a'+i))
			manager.Put(stack+"/keys", `{"one":"","two":"old","three":""}`)
			said, err := setKeys(t, tt.in, setKeysCmd{Names: tt.names, keyPlaces: keyPlaces{Config: keyDocument(t, stack)}})
			if err != nil || !strings.Contains(said, stack+"/") || !strings.Contains(said, tt.says) || strings.Contains(said, "canary") {
				t.Errorf("got %v and %q, want it to say %q", err, said, tt.says)
			}
			if got := manager.Text(stack + "/keys"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSetKeysOfOtherSecrets(t *testing.T) {
	t.Parallel()
	manager.Put("others/clients", `{"bot":"generated"}`)
	manager.Put("others/admin", "generated")
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, []byte(`{"admin": "canary-admin", "clients/bot": "canary-bot"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := setKeys(t, "", setKeysCmd{keyPlaces: keyPlaces{Config: keyDocument(t, "others")}, FromFile: file, JSON: true})
	var done []stored
	if jsonErr := json.Unmarshal([]byte(said), &done); err != nil || jsonErr != nil || len(done) != 2 || !done[0].Changed || done[0].Secret != "others/admin" {
		t.Errorf("got %v, %v, %s", err, jsonErr, said)
	}
	if manager.Text("others/admin") != "canary-admin" || manager.Text("others/clients") != `{"bot":"canary-bot"}` {
		t.Errorf("got %s and %s", manager.Text("others/admin"), manager.Text("others/clients"))
	}
	// A secret without a document, by its field; and as a whole, said in words.
	if _, err := setKeys(t, "canary", setKeysCmd{Names: []string{"bot"}, keyPlaces: keyPlaces{Secret: "others/clients"}, FromFile: "-"}); err != nil {
		t.Error(err)
	}
	said, err = setKeys(t, "canary", setKeysCmd{Names: []string{"admin"}, keyPlaces: keyPlaces{Config: keyDocument(t, "others")}})
	if err != nil || !strings.Contains(said, "others/admin: the whole text set") || manager.Text("others/clients") != `{"bot":"canary"}` {
		t.Errorf("got %v, %q, %s", err, said, manager.Text("others/clients"))
	}
}

func TestSetKeysRefuses(t *testing.T) {
	t.Parallel()
	manager.Put("refused/keys", `{"one":"kept"}`)
	doc := keyPlaces{Config: keyDocument(t, "refused")}
	tests := []struct {
		name string
		cmd  setKeysCmd
		in   string
		says string
	}{
		{"credential as an argument", setKeysCmd{Names: []string{"sk-ant-canary-0123456789"}, keyPlaces: doc}, "", "never stand on the command line"},
		{"credential after a name", setKeysCmd{Names: []string{"key-1=canary"}, keyPlaces: doc}, "", "never stand on the command line"},
		{"name twice", setKeysCmd{Names: []string{"key-1", "key-1"}, keyPlaces: doc}, "x", "stands twice"},
		{"unknown name", setKeysCmd{Names: []string{"key-9"}, keyPlaces: doc}, "canary", `no key "key-9"; it has p/key-1, p/key-2, p/key-3, p/admin_key, q/key-3`},
		{"ambiguous name", setKeysCmd{Names: []string{"key-3"}, keyPlaces: doc}, "canary", "write p/key-3 or q/key-3"},
		{"not in Secrets Manager", setKeysCmd{Names: []string{"q/key-3"}, keyPlaces: doc}, "canary", "stands at env:KEY_3, not in Secrets Manager"},
		{"no document", setKeysCmd{Names: []string{"key-1"}, keyPlaces: keyPlaces{Config: "/nowhere.yaml"}}, "canary", "--secret"},
		{"no file", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc, FromFile: "/nowhere.json"}, "", "/nowhere.json"},
		{"several without names", setKeysCmd{Names: []string{"key-1", "key-2"}, keyPlaces: doc}, "canary", `{"NAME": "..."}`},
		{"broken JSON", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc}, `{"key-1": canary}`, "not a JSON object of texts"},
		{"value that is no text", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc}, `{"key-1": 1}`, "not a JSON object of texts"},
		{"name without a value", setKeysCmd{Names: []string{"key-1", "key-2"}, keyPlaces: doc}, `{"key-1": "canary"}`, "p/key-2 was named"},
		{"two names of one key", setKeysCmd{keyPlaces: doc}, `{"key-1": "canary", "p/key-1": "canary"}`, "under two names"},
		{"swapped", setKeysCmd{keyPlaces: doc}, `{"sk-ant-canary-0123456789": "key-1"}`, "names stand before the colon"},
		{"empty value", setKeysCmd{keyPlaces: doc}, `{"key-1": " "}`, "key-1: the credential is empty"},
		{"pasted twice", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc}, "canary\ncanary\n", "was more pasted than the key?"},
		{"nothing piped, several keys", setKeysCmd{keyPlaces: doc}, "", "nothing was there to read"},
		{"nothing piped, one key", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc}, " \n", "nothing was there to read"},
		{"nothing", setKeysCmd{keyPlaces: doc}, `{}`, "nothing was given"},
		{"far too much", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc}, strings.Repeat("x", 70_000), "more than 64 KiB"},
		{"no such secret", setKeysCmd{Names: []string{"bot"}, keyPlaces: doc}, "canary", "deploy first"},
		{"fields without names", setKeysCmd{keyPlaces: keyPlaces{Secret: "refused/keys"}}, `{"one": "canary"}`, "name the fields to set"},
		{"field that cannot be", setKeysCmd{Names: []string{"a/b"}, keyPlaces: keyPlaces{Secret: "refused/keys"}}, "canary", "JSON field"},
		{"no AWS", setKeysCmd{Names: []string{"key-1"}, keyPlaces: doc, api: noVault}, "canary", "no region"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			said, err := setKeys(t, tt.in, tt.cmd)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(said+err.Error(), "canary") {
				t.Errorf("got %v and %q, want an error about %q that repeats nothing", err, said, tt.says)
			}
			if got := manager.Text("refused/keys"); got != `{"one":"kept"}` {
				t.Errorf("the secret became %s", got)
			}
		})
	}
}

func noVault(context.Context) (secret.EditAPI, error) { return nil, errors.New("no region is set") }

// TestSameFieldTwoNames: two keys of the document may not be the same secret,
// but a key and a token may; one write must not depend on their order.
func TestSameFieldTwoNames(t *testing.T) {
	t.Parallel()
	at := secret.Ref{Scheme: secret.SchemeSecretsManager, ID: "a", Field: "f"}
	slots := []slot{{"p/x", at}, {"clients/y", at}}
	_, err := grouped(slots, map[string]secret.Value{"p/x": secret.New("1"), "clients/y": secret.New("2")})
	if err == nil || !strings.Contains(err.Error(), "two names here, and two values") {
		t.Errorf("got %v", err)
	}
	if _, err := grouped(slots, map[string]secret.Value{"p/x": secret.New("1"), "clients/y": secret.New("1")}); err != nil {
		t.Error(err)
	}
}

func TestListKeys(t *testing.T) {
	t.Parallel()
	manager.Put("listed/keys", `{"one":"canary","two":""}`)
	manager.Put("listed/admin", "canary")
	manager.PutBinary("listed/org", []byte("canary"))
	doc := keyDocument(t, "listed")
	out, errs, code := command(t, []string{"KEY_3=canary"}, "keys", "list", "--config", doc, "--json")
	var lines []keyLine
	if err := json.Unmarshal([]byte(out), &lines); err != nil || code != 0 || strings.Contains(out+errs, "canary") {
		t.Fatalf("got %d, %v, %s%s", code, err, out, errs)
	}
	states := map[string]string{}
	for _, l := range lines {
		states[l.Name] = l.State
		if set := l.State == "set" && strings.HasPrefix(l.Ref, "secretsmanager:"); set && (l.Version == "" || l.Changed == nil) {
			t.Errorf("%s has no version: %+v", l.Name, l)
		}
	}
	for name, state := range map[string]string{
		"p/key-1": "set", "p/key-2": "empty", "p/key-3": "no such field", "p/admin_key": "unreadable", "admin": "set",
		"clients/bot": "no such secret", "q/key-3": "set", "q/key-4": "missing",
	} {
		if states[name] != state {
			t.Errorf("%s: got %q, want %q", name, states[name], state)
		}
	}
	out, errs, code = command(t, nil, "keys", "list", "--config", doc)
	want(t, out, errs, code, 0, "KEY", "no such field", "secretsmanager:listed/keys#one")
	if got := strings.Count(errs, "unreadable: secret listed/org: the secret is binary"); got != 1 {
		t.Errorf("it is told %d times why listed/org is unreadable, want once:\n%s", got, errs)
	}
}

func TestListFieldsOfASecret(t *testing.T) {
	t.Parallel()
	manager.Put("fields/keys", `{"one":"canary","sk-ant-canary-0123456789":""}`)
	manager.Put("fields/token", "canary")
	out, errs, code := command(t, nil, "keys", "list", "--secret", "fields/keys")
	want(t, out, errs, code, 0, "one", "set")
	if strings.Contains(out, "canary") {
		t.Errorf("a credential is shown:\n%s", out)
	}
	out, errs, code = command(t, nil, "keys", "list", "--secret", "fields/token")
	want(t, out, errs, code, 0, "fields/token  set")
	out, errs, code = command(t, nil, "keys", "list", "--secret", "fields/gone")
	want(t, out, errs, code, 1, "secret fields/gone: there is no such secret")
	out, errs, code = command(t, nil, "keys", "list", "--config", "/nowhere.yaml")
	want(t, out, errs, code, 1, "--config")
}

// TestElsewhere: a key in the environment or in a file.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := func(name string) secret.Ref { return secret.Ref{Scheme: secret.SchemeEnv, ID: name} }
	file := func(path string) secret.Ref { return secret.Ref{Scheme: secret.SchemeFile, ID: path} }
	for ref, want := range map[secret.Ref]string{
		env("SET"): "set", env("EMPTY"): "empty", env("MISSING"): "missing", file(dir + "/none"): "missing", file(dir): "unreadable",
		{Scheme: secret.SchemeAWS, ID: "role"}: "role",
	} {
		if got := elsewhere(t.Context(), ref, []string{"SET=x", "EMPTY="}); got != want {
			t.Errorf("%s: got %q, want %q", ref, got, want)
		}
	}
	if l := (&looks{ctx: t.Context(), open: noVault, known: map[string]look{}}).line(slot{"k", secret.Ref{Scheme: secret.SchemeSecretsManager, ID: "x"}}, nil); l.State != "unreadable" {
		t.Errorf("got %+v, want that it is unreadable", l)
	}
}
