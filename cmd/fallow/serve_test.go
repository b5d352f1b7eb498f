package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// running is a `fallow serve` in this process.
type running struct {
	url   string
	stop  context.CancelFunc
	exit  chan int
	greet string
}

// start runs serve and reads its greeting.
func start(t *testing.T, environ []string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	r := &running{stop: cancel, exit: make(chan int, 1)}
	go func() {
		r.exit <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), environ, io.Discard, in)
		_ = in.Close()
	}()
	t.Cleanup(cancel)
	lines := bufio.NewReader(out)
	for !strings.Contains(r.greet, "}'\n") {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("serve ended early: %s", r.greet)
		}
		r.greet += line
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	r.url = regexp.MustCompile(`http://\S+?:\d+`).FindString(r.greet)
	return r
}

// TestJSONLogsAreJSONOnly: whoever reads the log's lines meets no words for people.
func TestJSONLogsAreJSONOnly(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	go func() {
		run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--log-json"}, nil, io.Discard, in)
		_ = in.Close()
	}()
	served := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var line struct{ Msg string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("no JSON: %s", lines.Text())
		}
		if strings.HasPrefix(line.Msg, "Fallow serves http://127.0.0.1:") {
			served = true
			cancel()
		}
	}
	if cancel(); !served {
		t.Error("no line says where it serves")
	}
}

// TestPrintedCurlLineWorks runs the line as a newcomer would, by a shell.
func TestPrintedCurlLineWorks(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	if !strings.Contains(r.greet, "SIMULATED") {
		t.Errorf("the greeting does not say that the provider is simulated:\n%s", r.greet)
	}
	line := r.greet[strings.Index(r.greet, "curl"):]
	out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "curl", "curl -sS", 1)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"object":"chat.completion"`) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestKeysInTheEnvironmentArePooled(t *testing.T) {
	t.Parallel()
	r := start(t, []string{"ANTHROPIC_KEY_1=one", "ANTHROPIC_KEY_2=two"})
	if !strings.Contains(r.greet, "pool anthropic: 2 keys of anthropic") || strings.Contains(r.greet, "SIMULATED") {
		t.Errorf("greeting:\n%s", r.greet)
	}
}

// TestDrain: a stream that runs when the signal comes is finished, and nothing
// new is taken.
func TestDrain(t *testing.T) {
	t.Parallel()
	r := start(t, nil, "--store", "file:"+filepath.Join(t.TempDir(), "deep", "state.db"))
	body := `{"model":"claude-sonnet-5","stream":true,"messages":[{"role":"user","content":"hello"}]}`
	resp, err := http.Post(r.url+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	r.stop()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(text), "data: [DONE]\n\n") {
		t.Errorf("the running stream ended with %v: …%s", err, text[max(0, len(text)-80):])
	}
	if code := <-r.exit; code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if _, err := http.Get(r.url + "/healthz"); err == nil {
		t.Error("a new request was taken after the signal")
	}
}

// TestServeLogLevel: what is logged begins where the flag says, in both forms.
func TestServeLogLevel(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{false, true} {
		for text, want := range map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
			log := (&serveCmd{LogLevel: text, LogJSON: asJSON}).logger(&terminal{stderr: io.Discard})
			if !log.Enabled(t.Context(), want) || log.Enabled(t.Context(), want-1) {
				t.Errorf("JSON %v: --log-level %s does not begin at %v", asJSON, text, want)
			}
		}
	}
}

// TestServeFollowsRevisions: the newest revision in the store is served from the
// start, but not by a document that does not follow.
func TestServeFollowsRevisions(t *testing.T) {
	t.Parallel()
	for admin, want := range map[string]string{"admin: {config: {source: table}}": "newer", "": "deployed"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			document := func(model, admin string) string {
				path := filepath.Join(dir, model+".yaml")
				text := "version: 1\npools: {" + model + ": {provider: openai, keys: [{name: k, secret: \"env:KEY\"}]}}\n" +
					"models: {" + model + ": {targets: [{pool: " + model + "}]}}\nclients: {auth: none}\n" + admin + "\n"
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			state := "file:" + filepath.Join(dir, "state.db")
			if out, errs, code := command(t, nil, "config", "apply", document("newer", ""), "--store", state); code != 0 {
				t.Fatalf("apply: %s%s", out, errs)
			}
			r := start(t, []string{"KEY=x"}, "--config", document("deployed", admin), "--store", state)
			resp, err := http.Get(r.url + "/v1/models")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || !strings.Contains(string(body), `"`+want+`"`) {
				t.Errorf("%v: %s, want the model %q", err, body, want)
			}
			wantGreeting(t, r.greet, want, admin != "")
			inForce := map[bool]string{true: "fallow_config_revision 1\n", false: "fallow_config_revision 0\n"}[admin != ""]
			if _, metrics := read(t, r.url+"/metrics"); !strings.Contains(metrics, inForce) {
				t.Errorf("metrics lack %q", inForce)
			}
			r.stop()
			if code := <-r.exit; code != 0 { // the goroutine that follows has ended, too
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// wantGreeting checks that the terminal is told of the document in force and not
// of the deployed one.
func wantGreeting(t *testing.T, greet, name string, followed bool) {
	t.Helper()
	if strings.Count(greet, "  pool ") != 1 || !strings.Contains(greet, "  pool "+name+": 1 key of openai\n") || !strings.Contains(greet, `"model": "`+name+`"`) {
		t.Errorf("greeting, want the pool and the model %q only:\n%s", name, greet)
	}
	if strings.Contains(greet, "  config: revision 1 by ") != followed {
		t.Errorf("greeting, want the revision named: %v:\n%s", followed, greet)
	}
}

func TestServeRefusals(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open.yaml")
	doc := "version: 1\npools: {p: {provider: anthropic, keys: [{name: k, secret: \"env:K\"}]}}\nmodels: {\"*\": {targets: [{pool: p}]}}\nclients: {auth: none}\n"
	if err := os.WriteFile(open, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"open to the world", []string{"--config", open, "--listen", "0.0.0.0:0"}, "allow_anonymous"},
		{"no such file", []string{"--config", "/nowhere.yaml"}, "/nowhere.yaml"},
		{"unknown store", []string{"--store", "redis:x"}, "memory, file:PATH or dynamodb:TABLE"},
		{"store without a path", []string{"--store", "file:"}, "memory, file:PATH or dynamodb:TABLE"},
		{"address in use or senseless", []string{"--listen", "127.0.0.1:99999"}, "--listen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			code := run(t.Context(), append([]string{"serve"}, tt.args...), nil, io.Discard, &stderr)
			if code != 1 || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit %d, stderr %q; want 1 and %q", code, stderr.String(), tt.says)
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"--help"}, 0, "simulate"},
		{"version", []string{"version"}, 0, "fallow "},
		{"unknown command", []string{"nope"}, 2, "nope"},
		{"nothing", nil, 2, "expected one of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if code := run(t.Context(), tt.args, nil, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.says) {
				t.Errorf("exit %d, output %q; want %d and %q", code, out.String(), tt.code, tt.says)
			}
		})
	}
}
