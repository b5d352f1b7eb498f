//go:build e2e

package endtoend

import (
	"os"
	"os/exec"
	"path/filepath"
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

// TestReviewBot runs the example over this repository's own commits.
func TestReviewBot(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, always(200*time.Millisecond))
	for mode, start := range modes {
		t.Run(mode, func(t *testing.T) {
			python, err := filepath.Abs(filepath.Join("..", "..", ".tools/clients-python/bin/python"))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), python, "docs/examples/review-bot/review.py", "--range", "HEAD", "--at-once", "20")
			cmd.Dir = filepath.Join("..", "..")
			cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+start(t, r)+"/v1", "OPENAI_API_KEY="+botToken)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			tail := out[max(0, len(out)-200):]
			t.Logf("…%s", tail)
		})
	}
}
