package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

const (
	litellmSample = "../../internal/peerconfig/testdata/litellm/team.yaml"
	bifrostSample = "../../internal/peerconfig/testdata/bifrost/small.json"
)

func runImport(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"config", "import"}, args...), nil, &out, &errs)
	return out.String(), errs.String(), code
}

func TestConfigImport(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := runImport(t, "litellm", litellmSample)
	if _, err := config.Parse([]byte(stdout), ""); err != nil || code != 0 {
		t.Errorf("got %d, %v and\n%s", code, err, stdout)
	}
	for _, want := range []string{
		"Not carried over (8):\n  model_list[4].litellm_params.temperature: ",
		"Done otherwise (18):\n  model_list[0].litellm_params.rpm: ",
		"Secrets to put in place (3):\n  model_list[2].litellm_params.api_key: ",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr: got\n%s, want %q", stderr, want)
		}
	}
	if all := stdout + stderr; strings.Contains(all, "canary") {
		t.Errorf("a secret was shown:\n%s", all)
	}
}

func TestConfigImportIntoFile(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "fallow.yaml")
	stdout, stderr, code := runImport(t, "bifrost", bifrostSample, "-o", out, "--strict")
	if code != 0 || stdout != "" || !strings.Contains(stderr, "fallow serve --config "+out) {
		t.Errorf("nothing was lost, got %d, %q and\n%s", code, stdout, stderr)
	}
	if _, err := config.Load(out); err != nil {
		t.Error(err)
	}
	if _, stderr, code := runImport(t, "bifrost", bifrostSample, "-o", out); code != 1 || !strings.Contains(stderr, "file exists") || !strings.Contains(stderr, "name another with -o") {
		t.Errorf("a file that is there: got %d and\n%s", code, stderr)
	}
}

// TestConfigImportStrict wants the document all the same: a script decides
// what to do with it.
func TestConfigImportStrict(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := runImport(t, "litellm", litellmSample, "--strict")
	if code != 3 || !strings.Contains(stdout, "version: 1") || !strings.HasSuffix(stderr, "fallow: 8 settings could not be carried over, see the report\n") {
		t.Errorf("got %d, %d bytes and\n%s", code, len(stdout), stderr)
	}
}

func TestConfigImportRefuses(t *testing.T) {
	t.Parallel()
	bedrock := filepath.Join(t.TempDir(), "bedrock.json")
	if err := os.WriteFile(bedrock, []byte(`{"provider": "bedrock"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown peer", []string{"kong", litellmSample}, 2, "must be one of"},
		{"no such file", []string{"litellm", bedrock + "x"}, 1, "no such file"},
		{"not its format", []string{"bifrost", litellmSample}, 1, "this is not JSON"},
		{"nothing to reach", []string{"portkey", bedrock}, 1, "no model has a provider that Fallow reaches"},
		{"no such folder", []string{"bifrost", bifrostSample, "-o", bedrock + "/x"}, 1, "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if stdout, stderr, code := runImport(t, tt.args...); code != tt.code || stdout != "" && code == 1 || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q and\n%s", code, stdout, stderr)
			}
		})
	}
}
