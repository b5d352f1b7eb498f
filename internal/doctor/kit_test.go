package doctor_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/doctor"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/simprovider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// document has one pool, claude, with the keys given as flow maps; key-N has
// its secret in KEY_N.
func document(t *testing.T, keys ...string) *config.Config {
	t.Helper()
	text := "version: 1\npools:\n  claude: {provider: anthropic, keys: [" + strings.Join(keys, ", ") + "]}\n" +
		"models: {\"*\": {targets: [{pool: claude}]}}\nclients: {auth: tokens, tokens: [{name: bot, secret: \"env:BOT\"}]}\n"
	doc, err := config.Parse([]byte(text), "test")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// keys makes n of them.
func keys(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{name: key-%d, secret: "env:KEY_%d"}`, i+1, i+1)
	}
	return all
}

func secrets(environ ...string) *secret.Cache {
	return secret.NewCache(secret.Config{Sources: map[string]secret.Source{secret.SchemeEnv: secret.Env(environ)}})
}

// environ has the keys of a simulated provider, and the bot's token.
func environ(n int) []string {
	all := []string{"BOT=token"}
	for i := range n {
		all = append(all, fmt.Sprintf("KEY_%d=sim-key-%d", i+1, i+1))
	}
	return all
}

// simulate starts a provider whose organisations have so many keys each.
func simulate(t *testing.T, organisations, keysEach int) *simprovider.Server {
	t.Helper()
	s, err := simprovider.Start(t.Context(), simprovider.Config{
		Organisations: simprovider.Organisations(organisations, keysEach, simprovider.Roomy),
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func upstreams(t *testing.T, url string) map[string]doctor.Upstream {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return map[string]doctor.Upstream{"claude": {Dialect: anthropic.New(anthropic.Config{}), BaseURL: url, Client: client}}
}

// answering is a provider that answers every call so.
func answering(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// wantFinding looks for a finding and returns it.
func wantFinding(t *testing.T, r doctor.Report, about string, level doctor.Level, says, fix string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.About == about && f.Level == level && strings.Contains(f.What, says) && strings.Contains(f.Fix, fix) {
			return
		}
	}
	t.Errorf("there is no finding about %q of level %s that says %q, with the fix %q, in\n%s", about, level, says, fix, list(r))
}

func list(r doctor.Report) string {
	var all strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&all, "%s %s: %s / %s\n", f.Level, f.About, f.What, f.Fix)
	}
	return all.String()
}

func found(where string, err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return where, err }
}
