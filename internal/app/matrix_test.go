package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
)

// endpoints are what clients call, in the order of the matrix.
var endpoints = []struct {
	path string
	api  provider.API // empty for Chat Completions, which every dialect encodes
	// otherwise is what happens where a provider has no such API.
	otherwise string
}{
	{"/v1/chat/completions", "", ""},
	{"/v1/messages", provider.Messages, "translated"},
	{"/v1/messages/count_tokens", provider.CountTokens, "estimated"},
	{"/v1/responses", provider.Responses, "translated"},
	{"/v1/completions", provider.Completions, "-"},
	{"/v1/embeddings", provider.Embeddings, "-"},
	{"/v1/moderations", provider.Moderations, "-"},
	{"/v1/images/generations", provider.Images, "-"},
	{"/v1/audio/speech", provider.Speech, "-"},
	{"/v1/audio/transcriptions", provider.Transcriptions, "-"},
	{"/v1/audio/translations", provider.Translations, "-"},
	{"/v1/rerank", provider.Rerank, "-"},
}

// TestMatrix holds docs/matrix.md to what the dialects say of themselves and to
// the table of cases that the translation is tested by.
func TestMatrix(t *testing.T) {
	t.Parallel()
	golden.Check(t, filepath.Join("..", "..", "docs", "matrix.md"), []byte(matrix(t)))
}

func matrix(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# What goes where

Written by ` + "`go test ./internal/app -run TestMatrix -update`" + ` from what the dialects say of themselves and from
the cases that the translation is tested by. *native*: the client's bytes, with nothing changed but the model.
*translated*: by way of Chat Completions. *estimated*: answered by Fallow from what it has learned of token sizes.

## Endpoints by provider

`)
	head, line := "| |", "|---|"
	for _, e := range endpoints {
		head, line = head+" "+strings.TrimPrefix(e.path, "/v1/")+" |", line+"---|"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	for _, name := range config.ProviderNames() {
		fmt.Fprintf(&b, "| %s |", name)
		d := dialectFor(t, name)
		for _, e := range endpoints {
			fmt.Fprintf(&b, " %s |", serves(d, name, e.api, e.otherwise))
		}
		b.WriteString("\n")
	}
	b.WriteString("\nFiles, batches and stored responses are passed to OpenAI pools, by the key that made them. Anything else goes\nthrough `/POOL/…` where the pool says `passthrough: true`.\n")
	b.WriteString(features(t))
	return b.String()
}

// serves says how a provider answers one of the APIs.
func serves(d provider.Dialect, name string, api provider.API, otherwise string) string {
	if api == "" {
		if name == config.ProviderAnthropic || name == config.ProviderClaudeAWS || name == config.ProviderBedrock {
			return "translated"
		}
		return "native"
	}
	if n, ok := d.(provider.Native); ok {
		form := http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}
		for _, r := range []provider.NativeRequest{
			{API: api, Model: "claude-sonnet-5", Body: []byte(`{"model":"m","messages":[]}`), Header: http.Header{}},
			{API: api, Model: "m", Header: form, Body: []byte("--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n")},
		} {
			if _, ok := n.EncodeNative(r); ok {
				return "native"
			}
		}
	}
	return otherwise
}

func dialectFor(t *testing.T, name string) provider.Dialect {
	t.Helper()
	p := config.Pool{Provider: name, Workspace: "wrkspc_1"}
	known, err := providerOf(p, []string{"AWS_REGION=us-east-1"})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return known.dialect
}

// features lists the translation's cases with their status.
func features(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "provider", "anthropic", "testdata", "checklist.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Number          int
		Feature, Status string
		Rule, Where     string
		Directions      []string
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n## Chat Completions to Messages and back\n\nEach line is a case, or several, with golden bytes in `internal/provider/anthropic/testdata`.\n\n| # | feature | status | how |\n|---|---|---|---|\n")
	for _, r := range rows {
		status := r.Status
		if r.Where != "" {
			status = "in the " + r.Where
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", r.Number, cell(r.Feature), status, cell(r.Rule))
	}
	return b.String()
}

// cell keeps a text from ending its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
