//go:build e2e

package endtoend

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// client is a program that asserts what it got and ends with 1 if that was
// wrong, by name and command.
type client struct {
	name    string
	command []string
}

// tools is where .ci/install-clients puts things.
const tools = "../../.tools/"

func python(name string) client {
	return client{"python/" + name, []string{tools + "clients-python/bin/python", "-W", "ignore", "clients/python/" + name + ".py"}}
}

// clients are those of docs/clients.md, by what they are written in.
func clients() []client {
	var all []client
	for _, name := range []string{"chat", "responses", "messages", "with_langchain", "with_litellm"} {
		all = append(all, python(name))
	}
	for _, name := range []string{"chat", "responses", "messages", "vercel"} {
		all = append(all, client{"node/" + name, []string{tools + "bin/node", "--no-warnings", "clients/node/" + name + ".mjs"}})
	}
	for _, name := range []string{"chat", "responses", "messages"} {
		all = append(all, client{"go/" + name, []string{tools + "clients-go/" + name}})
	}
	return append(all,
		client{"cli/codex", []string{"clients/cli/codex.sh"}},
		client{"cli/opencode", []string{"clients/cli/opencode.sh", "fallow"}},
		client{"cli/opencode-chat", []string{"clients/cli/opencode.sh", "fallow-chat"}},
	)
}

// upstreams are models of the two kinds of provider: each client meets one that
// speaks its API and one that has to be translated for.
var upstreams = []string{"claude-sonnet-5", "gpt-5"}

const (
	clientTime = time.Minute // for one client and model
	atOnce     = 2           // some of them keep a processor busy by themselves
)

// TestClients runs the clients that people have, unchanged, against both modes.
// It is not parallel to the other tests, whose waves of requests would leave the
// slower of the clients too little of a small machine.
func TestClients(t *testing.T) {
	free := make(chan struct{}, atOnce)
	for mode, start := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 2, always(50*time.Millisecond))
			r.addOpenAI(t)
			r.exportTraces(t, 0.25)
			url := r.tap(t, start(t, r))
			t.Run("openapi", func(t *testing.T) { python("openapi").run(t, r, url, upstreams[0]) })
			for _, c := range clients() {
				for _, model := range upstreams {
					t.Run(c.name+"/"+model, func(t *testing.T) {
						t.Parallel()
						free <- struct{}{}
						defer func() { <-free }()
						c.run(t, r, url, model)
					})
				}
			}
		})
	}
}

func (c client) run(t *testing.T, r *rig, url, model string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	// With all that it started: what outlives it would keep its output open.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Env = append(os.Environ(), "MODEL="+model,
		"OPENAI_BASE_URL="+url+"/v1", "OPENAI_API_KEY="+botToken, "ANTHROPIC_BASE_URL="+url, "ANTHROPIC_API_KEY="+botToken)
	out, err := cmd.CombinedOutput()
	r.leaks.Take("client: "+c.name, out)
	if err != nil {
		t.Fatalf("%v (%v)\n%s", err, context.Cause(ctx), out)
	}
	if !strings.Contains(string(out), "ok ") {
		t.Fatalf("it checked nothing:\n%s", out)
	}
	t.Logf("%s", out)
}

// TestReviewBot runs the example over this repository's own commits and over
// what changed between two versions of a larger module, 40 at once.
func TestReviewBot(t *testing.T) {
	t.Parallel()
	inputs := map[string][]string{
		"commits": {"--range", "HEAD"},
		"module":  {"--dirs", moduleDir(t, "go.etcd.io/bbolt@v1.3.7"), moduleDir(t, "go.etcd.io/bbolt@v1.5.0")},
	}
	r := newRig(t, 4, always(200*time.Millisecond))
	r.exportTraces(t, 0.25)
	for mode, start := range modes {
		t.Run(mode, func(t *testing.T) {
			url := r.tap(t, start(t, r))
			for name, input := range inputs {
				t.Run(name, func(t *testing.T) { t.Log(review(t, r, url, input)) })
			}
		})
	}
}

// review runs the bot and returns its last line.
func review(t *testing.T, r *rig, url string, input []string) string {
	t.Helper()
	python, err := filepath.Abs(filepath.Join("..", "..", ".tools/clients-python/bin/python"))
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"docs/examples/review-bot/review.py", "--at-once", "40"}, input...)
	cmd := exec.CommandContext(t.Context(), python, args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+url+"/v1", "OPENAI_API_KEY="+botToken)
	var said strings.Builder
	cmd.Stderr = &said
	reviews, err := cmd.Output()
	r.leaks.Take("client: review bot", append(reviews, said.String()...))
	if err != nil || !strings.Contains(string(reviews), "You wrote:") {
		t.Fatalf("%v\n%s", err, said.String())
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return lines[len(lines)-1]
}

// moduleDir is where the source of a public module stands on this machine.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v", module, err)
	}
	var got struct{ Dir string }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got.Dir
}
