package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const priceSource = "../../internal/prices/testdata/source.json"

// runPrices runs a command line and returns what it said.
func runPrices(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"prices", "refresh"}, args...), nil, &out, &errs)
	return out.String(), errs.String(), code
}

func TestPricesRefresh(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "prices.tsv")
	args := []string{"--from", priceSource, "--source", "LiteLLM 1.2.3", "--date", "2026-11-22", "--out", out}
	stdout, stderr, code := runPrices(t, args...)
	if code != 0 || strings.Count(stdout, "\n") != 9 || !strings.Contains(stdout, "+ perplexity/sonar: chat - - 1 1 - - -\n") {
		t.Errorf("got %d and\n%s%s", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "has 9 changes. Read the changes") || !strings.Contains(stderr, `const dataSHA256 = "`) {
		t.Errorf("stderr: got %q, want what to pin", stderr)
	}
	got, err := os.ReadFile(out)
	want, wantErr := os.ReadFile("../../internal/prices/testdata/pruned.golden")
	if err != nil || wantErr != nil || !bytes.Equal(got, want) {
		t.Errorf("got %v, %v and\n%s", err, wantErr, got)
	}
}

// TestPricesRefreshOfTheSame must not touch the file: its hash is pinned.
func TestPricesRefreshOfTheSame(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "prices.tsv")
	if _, stderr, code := runPrices(t, "--from", priceSource, "--date", "2026-11-22", "--out", out); code != 0 {
		t.Fatal(stderr)
	}
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := runPrices(t, "--from", priceSource, "--date", "2026-12-24", "--out", out)
	after, err := os.ReadFile(out)
	if code != 0 || stdout != "" || stderr != out+" is up to date\n" || err != nil || !bytes.Equal(before, after) {
		t.Errorf("got %d, %q, %q, %v", code, stdout, stderr, err)
	}
}

func TestPricesRefreshShowsChanges(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "prices.tsv")
	if err := os.WriteFile(out, []byte("# old\nopenai/gone\tchat\nperplexity/sonar\tchat\t-\t-\t2\t2\t-\t-\t-\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := runPrices(t, "--from", priceSource, "--out", out) // today
	for _, want := range []string{"- openai/gone\n", "~ perplexity/sonar: chat - - 1 1 - - -, was chat - - 2 2 - - -\n"} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("got %d, %s, and\n%s, want %q", code, stderr, stdout, want)
		}
	}
}

func TestPricesRefreshFromURL(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(priceSource)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prices.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(source)
	}))
	defer server.Close()
	out := filepath.Join(t.TempDir(), "prices.tsv")
	if stdout, stderr, code := runPrices(t, "--from", server.URL+"/prices.json", "--out", out); code != 0 || !strings.Contains(stdout, "+ openai/embed") {
		t.Errorf("got %d, %s%s", code, stdout, stderr)
	}
	if _, stderr, code := runPrices(t, "--from", server.URL+"/none", "--out", out); code != 1 || !strings.Contains(stderr, "answered 404") {
		t.Errorf("no such page: got %d, %s", code, stderr)
	}
	server.Close()
	if _, stderr, code := runPrices(t, "--from", server.URL+"/prices.json", "--out", out); code != 1 || !strings.Contains(stderr, "refused") {
		t.Errorf("no server: got %d, %s", code, stderr)
	}
}

func TestPricesRefreshRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.json")
	file, err := os.Create(large)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(maxSource + 1); err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no source", nil, 2, "--from"},
		{"no such file", []string{"--from", filepath.Join(dir, "none")}, 1, "no such file"},
		{"http", []string{"--from", "http://prices.example/p.json"}, 1, "over https"},
		{"not a price map", []string{"--from", "../../go.mod"}, 1, "not a JSON object of models"},
		{"too large", []string{"--from", large}, 1, "larger than 32 MiB"},
		{"a bad date", []string{"--from", priceSource, "--date", "today"}, 1, "is not a day"},
		{"a source of two lines", []string{"--from", priceSource, "--source", "a\nb"}, 1, "one line"},
		{"no such folder", []string{"--from", priceSource, "--out", filepath.Join(dir, "none", "prices.tsv")}, 1, "no such file"},
		{"a folder", []string{"--from", priceSource, "--out", dir}, 1, "is a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if tt.code == 1 && !strings.Contains(strings.Join(args, " "), "--out") {
				args = append(args, "--out", filepath.Join(dir, "out.tsv"))
			}
			if _, stderr, code := runPrices(t, args...); code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d and %s, want %d and %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
