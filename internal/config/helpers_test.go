package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fallow-dev/fallow/internal/config"
)

// good is a document without faults; edit changes it into one that has some.
const good = `version: 1
pools:
  claude:
    provider: anthropic
    keys:
      - name: key-1
        secret: env:KEY_1
      - name: key-2
        secret: env:KEY_2
models:
  review: {targets: [{pool: claude, model: claude-sonnet-5}]}
  "*": {targets: [{pool: claude}]}
clients:
  auth: tokens
  tokens: [{name: bot, secret: "env:BOT"}]
`

// edit replaces each first string by the second that follows it.
func edit(t *testing.T, doc string, replacements ...string) string {
	t.Helper()
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(doc, replacements[i]) {
			t.Fatalf("the document lacks %q", replacements[i])
		}
		doc = strings.Replace(doc, replacements[i], replacements[i+1], 1)
	}
	return doc
}

func parse(t *testing.T, doc string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(doc), "")
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, doc)
	}
	return c
}

// wantFaults compares the lines of err's text.
func wantFaults(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	if err != nil {
		got = strings.Split(err.Error(), "\n")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
