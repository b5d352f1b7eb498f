package revision_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// document is a good one, told apart from others by its weight.
func document(weight int, admin ...string) []byte {
	return fmt.Appendf(nil, `version: 1
pools:
  claude:
    provider: anthropic
    keys: [{name: key-1, secret: "env:KEY_1", weight: %d}, {name: key-2, secret: "env:KEY_2"}]
models: {"*": {targets: [{pool: claude}]}}
clients: {auth: tokens, tokens: [{name: bot, secret: "env:BOT"}]}
%s`, weight, strings.Join(admin, "\n"))
}

const (
	followed  = "admin: {config: {source: table}}"
	committed = "admin: {config: {forbid_drift: true}}"
)

func parse(t *testing.T, text []byte) *config.Config {
	t.Helper()
	doc, err := config.Parse(text, "test")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// clock counts seconds: each look is one later.
func clock() func() time.Time {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}

func newLog(table store.Table) *revision.Log {
	return revision.New(revision.Config{Table: table, Now: clock()})
}

func draft(text []byte, author string) revision.Draft {
	return revision.Draft{Text: text, File: "fallow.yaml", Author: author, Source: revision.FromCLI}
}

// apply makes a revision that must be made.
func apply(t *testing.T, log *revision.Log, d revision.Draft) revision.Revision {
	t.Helper()
	made, written, err := log.Apply(t.Context(), d)
	if err != nil || !written {
		t.Fatalf("apply: %v, written %v", err, written)
	}
	return made
}

// wantHead checks number and text of the head.
func wantHead(t *testing.T, log *revision.Log, number int64, text []byte) {
	t.Helper()
	head, err := log.Head(t.Context())
	if err != nil || head.Number != number || !bytes.Equal(head.Text, text) {
		t.Errorf("head: got revision %d, %v, %d bytes; want revision %d with %d bytes", head.Number, err, len(head.Text), number, len(text))
	}
}

func memory() *embedded.Memory { return embedded.NewMemory() }

func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
