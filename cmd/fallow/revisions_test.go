package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/revision"
)

// command runs a command line as main would.
func command(t *testing.T, environ []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, environ, &out, &errs)
	return out.String(), errs.String(), code
}

// want checks how a command ended and what it said.
func want(t *testing.T, stdout, stderr string, code, wantCode int, says ...string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit code %d, want %d\n%s%s", code, wantCode, stdout, stderr)
	}
	for _, s := range says {
		if !strings.Contains(stdout+stderr, s) {
			t.Errorf("lacks %q:\n%s%s", s, stdout, stderr)
		}
	}
}

// weighted writes a document whose first key has that weight.
func weighted(t *testing.T, weight int, admin ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	text := fmt.Sprintf("version: 1\npools:\n  p: {provider: openai, keys: [{name: k, secret: \"env:KEY\", weight: %d}]}\n"+
		"models: {\"*\": {targets: [{pool: p}]}}\nclients: {auth: none}\n%s\n", weight, strings.Join(admin, "\n"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRevisions is the way of an operator through the commands, on a file and
// on DynamoDB.
func TestRevisions(t *testing.T) {
	t.Parallel()
	tables := map[string][]string{
		"file":     {"--store", "file:" + filepath.Join(t.TempDir(), "state.db")},
		"dynamodb": {"--table", startDynamoDB(t)},
	}
	for name, table := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := func(args ...string) (string, string, int) {
				return command(t, nil, append(append([]string{"config"}, args...), table...)...)
			}
			out, errs, code := on("history")
			want(t, out, errs, code, 1, "there is no revision yet", "fallow config apply")
			one, two := weighted(t, 1), weighted(t, 2)
			out, errs, code = on("apply", one, "--author", "alice", "--note", "begin", "--deploy")
			want(t, out, errs, code, 0, "revision 1 is in force (", "by alice")
			out, errs, code = on("apply", one)
			want(t, out, errs, code, 0, "revision 1 has this document already", "nothing was written")
			out, errs, code = on("diff", two)
			want(t, out, errs, code, 3, "~ pools.p.keys[k].weight: 1 -> 2", "1 difference from head to "+two)
			out, errs, code = on("apply", two, "--author", "bob", "--base", "1")
			want(t, out, errs, code, 0, "revision 2 is in force")
			out, errs, code = on("apply", weighted(t, 3), "--author", "carol", "--base", "1")
			want(t, out, errs, code, 4, "revision 2 by bob (cli, ", "fallow config diff 1 2")
			out, errs, code = on("diff", "1")
			want(t, out, errs, code, 3, "1 -> 2", "from 1 to head")
			out, errs, code = on("diff", "2", "head")
			want(t, out, errs, code, 0)
			out, errs, code = on("rollback", "1", "--author", "carol", "--note", "too much")
			want(t, out, errs, code, 0, "revision 3 is in force")
			out, errs, code = on("rollback", "7", "--author", "carol")
			want(t, out, errs, code, 1, "there is no revision 7; there are 1 to 3")
			out, errs, code = on("history", "--limit", "2")
			want(t, out, errs, code, 0, "REV", "[back to 1] too much", "bob")
			if strings.Contains(out, "alice") {
				t.Errorf("history of 2 has a third:\n%s", out)
			}
		})
	}
}

func TestRevisionsAsJSON(t *testing.T) {
	t.Parallel()
	store := "file:" + filepath.Join(t.TempDir(), "state.db")
	out, errs, code := command(t, nil, "config", "apply", weighted(t, 1), "--store", store, "--json")
	var applied struct {
		Written  bool
		Revision revision.Revision
	}
	if err := json.Unmarshal([]byte(out), &applied); err != nil || code != 0 || !applied.Written || applied.Revision.Number != 1 {
		t.Fatalf("apply: %d, %v, %s%s", code, err, out, errs)
	}
	if applied.Revision.Author == "" {
		t.Error("nobody signed the revision; the user of this process should have")
	}
	out, errs, code = command(t, nil, "config", "history", "--store", store, "--json")
	var history []revision.Revision
	if err := json.Unmarshal([]byte(out), &history); err != nil || code != 0 || len(history) != 1 || history[0] != applied.Revision {
		t.Errorf("history: %d, %v, %s%s", code, err, out, errs)
	}
	out, _, code = command(t, nil, "config", "diff", weighted(t, 2), "--store", store, "--json")
	var changes []revision.Change
	if err := json.Unmarshal([]byte(out), &changes); err != nil || code != 3 || len(changes) != 1 || changes[0].New != "2" {
		t.Errorf("diff: %d, %v, %s", code, err, out)
	}
	out, _, code = command(t, nil, "config", "diff", "head", "--store", store, "--json")
	if code != 0 || out != "[]\n" {
		t.Errorf("diff of nothing: %d, %q; want an empty list", code, out)
	}
}

func TestRevisionCommandsRefuse(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := "file:" + filepath.Join(t.TempDir(), "state.db")
	committed := weighted(t, 1, "admin: {config: {forbid_drift: true}}")
	if out, errs, code := command(t, nil, "config", "apply", committed, "--store", store); code != 0 {
		t.Fatal(out, errs)
	}
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no table", []string{"apply", weighted(t, 2)}, 1, "--table TABLE"},
		{"no such file", []string{"apply", "/nowhere.yaml", "--store", store}, 1, "/nowhere.yaml"},
		{"faults", []string{"apply", bad, "--store", store}, 1, "the document has 3 faults; nothing was written"},
		{"drift", []string{"apply", weighted(t, 2), "--store", store}, 1, "forbid_drift"},
		{"two tables", []string{"history", "--store", store, "--table", "t"}, 2, "--store and --table can't be used together"},
		{"no such store", []string{"history", "--store", "paper:x"}, 1, "is not a store"},
		{"rollback to no number", []string{"rollback", "head", "--store", store}, 2, "expected a valid 64 bit int"},
		{"diff with a missing file", []string{"diff", "/nowhere.yaml", "--store", store}, 1, "/nowhere.yaml"},
		{"diff from a missing file", []string{"diff", "/nowhere.yaml", "head", "--store", store}, 1, "/nowhere.yaml"},
		{"diff with a missing revision", []string{"diff", "9", "--store", store}, 1, "there is no revision 9"},
		{"author that moves the cursor", []string{"apply", weighted(t, 2), "--store", store, "--author", "a\x1bb"}, 1, "printable"},
	}
	for _, tt := range tests { // one after the other: they share a file
		t.Run(tt.name, func(t *testing.T) {
			out, errs, code := command(t, nil, append([]string{"config"}, tt.args...)...)
			want(t, out, errs, code, tt.code, tt.says)
		})
	}
}

// TestDiffOfFilesNeedsNoTable: a pull request can be looked at anywhere.
func TestDiffOfFilesNeedsNoTable(t *testing.T) {
	t.Parallel()
	out, errs, code := command(t, nil, "config", "diff", weighted(t, 1), weighted(t, 2))
	want(t, out, errs, code, 3, "1 -> 2")
}

func TestTableOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flags   storeFlags
		environ []string
		want    string
	}{
		{storeFlags{}, nil, ""},
		{storeFlags{}, []string{"A=b", "FALLOW_TABLE=state"}, "dynamodb:state"},
		{storeFlags{Table: "other"}, []string{"FALLOW_TABLE=state"}, "dynamodb:other"},
		{storeFlags{Store: "memory"}, []string{"FALLOW_TABLE=state"}, "memory"},
	} {
		if got := tt.flags.name(&terminal{environ: tt.environ}); got != tt.want {
			t.Errorf("%+v with %v: got %q, want %q", tt.flags, tt.environ, got, tt.want)
		}
	}
}
