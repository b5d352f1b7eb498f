package app_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/revision"
	"github.com/fallow-dev/fallow/internal/store/embedded"
	"github.com/fallow-dev/fallow/internal/store/storetest"
)

const (
	openAIPool = `{provider: openai, base_url: "http://127.0.0.1:1", keys: [{name: k, secret: "env:KEY"}]}`
	noRegion   = `{provider: bedrock, keys: [{name: k, secret: "env:KEY"}]}`
	followed   = "admin: {config: {source: table}}"
)

// serves is a document with one route, by which it is told from others.
func serves(model, pool string, more ...string) string {
	return "version: 1\npools: {p: " + pool + "}\nmodels: {" + model + ": {targets: [{pool: p}]}}\nclients: {auth: none}\n" +
		strings.Join(more, "\n")
}

// bed is a Live and all that surrounds it.
type bed struct {
	table *storetest.Faulty
	log   *revision.Log
	out   locked
	clock atomic.Int64 // seconds; unused in synctest
	built atomic.Int64
	cfg   app.LiveConfig
}

// locked is a buffer that goroutines may share.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

var errRefused = errors.New("refused by the check")

func newBed(t *testing.T, file string) *bed {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fallow.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{table: storetest.NewFaulty(embedded.NewMemory())}
	b.log = revision.New(revision.Config{Table: b.table})
	b.clock.Store(1e9)
	b.cfg = app.LiveConfig{
		Config: app.Config{Document: doc, Table: b.table, Environ: []string{"KEY=planted"}, Log: slog.New(slog.NewTextHandler(&b.out, nil))},
		File:   path,
		Check: func(doc *config.Config) error {
			b.built.Add(1)
			if _, ok := doc.Models["refused"]; ok {
				return errRefused
			}
			return nil
		},
		Now: func() time.Time { return time.Unix(b.clock.Load(), 0) },
	}
	return b
}

func (b *bed) live(t *testing.T) *app.Live {
	t.Helper()
	live, err := app.NewLive(t.Context(), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func (b *bed) apply(t *testing.T, text string) {
	t.Helper()
	if _, _, err := b.log.Apply(t.Context(), revision.Draft{Text: []byte(text), Author: "alice", Source: revision.FromCLI}); err != nil {
		t.Fatal(err)
	}
}

// wantServed checks which document answers.
func wantServed(t *testing.T, h http.Handler, model string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/models", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"`+model+`"`) {
		t.Errorf("%d %s, want the document of model %q", w.Code, w.Body, model)
	}
}

func (b *bed) wantBuilt(t *testing.T, want int64) {
	t.Helper()
	if got := b.built.Load(); got != want {
		t.Errorf("%d documents were built, want %d", got, want)
	}
}

func (b *bed) wantLogged(t *testing.T, times int, text string) {
	t.Helper()
	if got := strings.Count(b.out.String(), text); got != times {
		t.Errorf("%q stands %d times in the log, want %d:\n%s", text, got, times, b.out.String())
	}
}
