package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/storm"
)

const tinyStorm = `name: tiny
about: a test
length: 10s
traffic:
  - steady: {per_second: 3}
    input: {mean: 300}
    output: {mean: 20}
    latency: {p50: 1s}
organisations:
  - {keys: 2, requests: 600, input_tokens: 300000, output_tokens: 60000}
`

func tinyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.yaml")
	if err := os.WriteFile(path, []byte(tinyStorm), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStorm runs the command as a person would, ten times as fast.
func TestStorm(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "deep", "er")
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"storm", tinyFile(t), "--compress", "10", "--out", out, "--baseline", "one-key"}, nil, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	for _, text := range []string{"tiny: a test", "| one-key |", "| fallow ", "10 times as fast"} {
		if !strings.Contains(stdout.String(), text) {
			t.Errorf("%q is not in\n%s", text, stdout.String())
		}
	}
	page, err := os.ReadFile(filepath.Join(out, "storm.html"))
	if err != nil || !strings.Contains(string(page), "<h1>tiny</h1>") {
		t.Errorf("page: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(out, "storm.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r storm.Result
	if err := json.Unmarshal(data, &r); err != nil || len(r.Contestants) != 2 || r.Contestants[1].Outcomes[storm.Answered] != r.Requests || r.Version == "" {
		t.Errorf("%v: %s", err, data[:min(len(data), 800)])
	}
}

// TestStormCheck: a missed goal is a failure with --check, and so are goals that
// the run says nothing about; without it they are a report.
func TestStormCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, goals string
		flags       []string
		code        int
		says        string
	}{
		{"met", "goals: {compress: 10, client_429_percent: 0}\n", []string{"--check"}, 0, "| yes |"},
		{"missed", "goals: {compress: 10, makespan_of_ideal: 0.1, abandoned_percent: 0}\n", []string{"--check"}, 1, "1 of 2 goals of tiny were missed"},
		{"missed without --check", "goals: {compress: 10, makespan_of_ideal: 0.1}\n", nil, 0, "| NO  |"},
		{"compressed too much", "goals: {client_429_percent: 0}\n", []string{"--check"}, 1, "not judged: time ran x10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "tiny.yaml")
			if err := os.WriteFile(path, []byte(tinyStorm+tt.goals), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			code := run(t.Context(), append([]string{"storm", path, "--compress", "10", "--baseline", "none"}, tt.flags...), nil, &out, &out)
			if code != tt.code || !strings.Contains(out.String(), tt.says) {
				t.Errorf("exit %d, want %d and %q in\n%s", code, tt.code, tt.says, out.String())
			}
		})
	}
}

// TestStormEndsCleanly: an interrupted run reports what there is.
func TestStormEndsCleanly(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(2*time.Second, cancel)
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"storm", tinyFile(t), "--compress", "2", "--baseline", "none", "--json", "--verbose"}, nil, &stdout, &stderr)
	var r storm.Result
	if err := json.Unmarshal([]byte(stdout.String()), &r); code != 0 || err != nil || !r.Interrupted || len(r.Contestants) != 1 {
		t.Errorf("exit %d, %v: %s%s", code, err, stdout.String(), stderr.String())
	}
}

func TestStormRefusals(t *testing.T) {
	t.Parallel()
	file := tinyFile(t)
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"unknown scenario", []string{"mornin"}, "neither a scenario (morning, "},
		{"unknown baseline", []string{file, "--baseline", "two-keys"}, "want one-key, queue or none"},
		{"key without a value", []string{file, "--key", "NOPE"}, "the variable NOPE, which is not set"},
		{"peer without a name", []string{file, "--peer", "http://x"}, "want NAME=URL"},
		{"peer without a URL", []string{file, "--peer", "x=ftp://y"}, "is not an http or https URL"},
		{"target", []string{file, "--target", "localhost"}, "is not an http or https URL"},
		{"header", []string{file, "--header", "x"}, "want NAME=HEADER:VALUE"},
		{"header's file", []string{file, "--header", "x=H:@/nowhere"}, "/nowhere"},
		{"provider's port", []string{file, "--peer", "x=http://y", "--peer-provider", "127.0.0.1:65535"}, "no port with a next one"},
		{"provider's address", []string{file, "--peer", "x=http://y", "--peer-provider", "nowhere"}, "is not host:port"},
		{"environments", []string{file, "--environments", "2000"}, "is not between 1 and 1000"},
		{"function", []string{file, "--environments", "2", "--function", "/nowhere"}, "make build-lambda"},
		{"compression", []string{file, "--compress", "0.1"}, "want 1 to 100"},
		{"no compression", []string{file, "--compress", "0"}, "--compress 0: want 1 to 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			code := run(t.Context(), append([]string{"storm"}, tt.args...), []string{"TOKEN=x"}, &out, &out)
			if code != 1 || !strings.Contains(out.String(), tt.says) {
				t.Errorf("exit %d, %q; want 1 and %q", code, out.String(), tt.says)
			}
		})
	}
}

// TestStormContestants: what the flags name takes part, with its own headers
// and a provider of its own.
func TestStormContestants(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte("{\"a\":\n 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := stormCmd{
		Baseline: []string{"queue"}, Provider: "127.0.0.1:9191", Key: "TOKEN", Target: "https://mine.example/v1/",
		Peer:   []string{"portkey=http://127.0.0.1:8787/", "litellm=http://127.0.0.1:4000/v1"},
		Header: []string{"portkey=x-portkey-config:@" + config, "target=X-Team: a"},
	}
	all, err := c.contestants(&terminal{environ: []string{"TOKEN=secret"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range all {
		names = append(names, x.Name+"@"+x.Listen)
	}
	if got, want := strings.Join(names, " "), "queue@ portkey@127.0.0.1:9191 litellm@127.0.0.1:9192 target@"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for i, want := range map[int]string{1: `http://127.0.0.1:8787 secret {"a": 1}`, 2: "http://127.0.0.1:4000 secret ", 3: "https://mine.example secret a"} {
		e, err := all[i].Start(t.Context(), storm.World{})
		if got := e.URL + " " + e.Token + " " + e.Header.Get("X-Portkey-Config") + e.Header.Get("X-Team"); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", all[i].Name, got, err, want)
		}
	}
}
