package estimate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/estimate"
)

// TestGoldenRequests sizes whole bodies as clients send them: a review bot, an
// agent in the middle of its tools, a Python client that writes every character
// outside ASCII by number, and pictures in a body that is indented.
func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	wants, err := filepath.Glob("testdata/requests/*.want.json")
	if err != nil || len(wants) < 4 {
		t.Fatalf("%d golden requests, error %v", len(wants), err)
	}
	for _, file := range wants {
		name := strings.TrimSuffix(file, ".want.json")
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			var want estimate.Size
			if err := json.Unmarshal(readFile(t, file), &want); err != nil {
				t.Fatal(err)
			}
			got := estimate.Measure(parse(t, string(readFile(t, name+".json"))), estimate.Anthropic("claude-sonnet-5"))
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
