package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/fallow-dev/fallow/internal/config"
)

// runConfig runs a command line through the same parser as the program.
func runConfig(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var root struct {
		Config configCmd `cmd:""`
	}
	parser, err := kong.New(&root)
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := parser.Parse(append([]string{"config"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	err = cmd.Run(&terminal{t.Context(), nil, &out, &errs})
	return out.String(), errs.String(), err
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	stdout, stderr, err := runConfig(t, "validate", "../../fallow.yaml")
	data, readErr := os.ReadFile("../../fallow.yaml")
	if err != nil || readErr != nil || stderr != "" {
		t.Fatalf("got %v, %v, %q", err, readErr, stderr)
	}
	want := "../../fallow.yaml is valid: revision " + config.Revision(data) + ", 1 pool with 4 keys, 3 routes\n"
	if stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
}

func TestConfigValidateReportsAllFaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(path, []byte("version: 1\npools: {}\nclients: {auth: none}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := runConfig(t, "validate", path)
	if err == nil || err.Error() != path+" has 2 faults" {
		t.Errorf("got error %v, want one with the number of faults", err)
	}
	if stdout != "" {
		t.Errorf("stdout: got %q, want nothing", stdout)
	}
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], path+":1:1: models: ") || !strings.HasPrefix(lines[1], path+":2:1: pools: ") {
		t.Errorf("stderr: got\n%s", stderr)
	}
}

func TestConfigValidateOfNoFile(t *testing.T) {
	t.Parallel()
	_, _, err := runConfig(t, "validate", filepath.Join(t.TempDir(), "missing.yaml"))
	if err == nil || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("got %v, want an error with the path", err)
	}
}

func TestConfigSchema(t *testing.T) {
	t.Parallel()
	stdout, _, err := runConfig(t, "schema")
	if err != nil || stdout != string(config.Schema()) {
		t.Errorf("got %v and %d bytes, want the schema", err, len(stdout))
	}
}
