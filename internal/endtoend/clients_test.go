//go:build e2e

package endtoend

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOfficialSDKs runs OpenAI's own clients, unchanged, against both modes.
func TestOfficialSDKs(t *testing.T) {
	tools, err := filepath.Abs(filepath.Join("..", "..", ".tools"))
	if err != nil {
		t.Fatal(err)
	}
	clients := map[string][]string{
		"python": {filepath.Join(tools, "clients-python/bin/python"), "clients/python/chat.py"},
		"node":   {filepath.Join(tools, "bin/node"), "clients/node/chat.mjs"},
		"go":     {filepath.Join(tools, "bin/chat-go")},
	}
	t.Parallel()
	for mode, start := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 2, always(50*time.Millisecond))
			url := start(t, r)
			for name, command := range clients {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
					cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+url+"/v1", "OPENAI_API_KEY="+botToken)
					out, err := cmd.CombinedOutput()
					if err != nil {
						t.Fatalf("%v\n%s", err, out)
					}
					t.Logf("%s", out)
				})
			}
		})
	}
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
	for mode, start := range modes {
		t.Run(mode, func(t *testing.T) {
			url := start(t, r)
			for name, input := range inputs {
				t.Run(name, func(t *testing.T) { t.Log(review(t, url, input)) })
			}
		})
	}
}

// review runs the bot and returns its last line.
func review(t *testing.T, url string, input []string) string {
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
