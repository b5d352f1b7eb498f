package secret_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret"
)

func TestEnv(t *testing.T) {
	t.Setenv("FALLOW_TEST_REAL", canary) // must not be seen: only what is given counts
	source := secret.Env([]string{"A=one", "A=two", "EMPTY=", "EQUALS=a=b", "nonsense"})
	tests := []struct {
		name, want, err string
	}{
		{"A", "one", ""},
		{"EQUALS", "a=b", ""},
		{"EMPTY", "", ""},
		{"FALLOW_TEST_REAL", "", "not set"},
		{"MISSING", "", "not set"},
	}
	for _, tt := range tests {
		got, err := source.Read(t.Context(), tt.name)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		checkError(t, err, tt.err)
		if errors.Is(err, secret.ErrGone) != (tt.err != "") {
			t.Errorf("%s: %v is ErrGone: %v", tt.name, err, errors.Is(err, secret.ErrGone))
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write("closed", canary+"\n", 0o600)
	write("group", canary, 0o640)
	write("open", canary, 0o644)
	write("huge", strings.Repeat("x", 1<<20), 0o600)
	if err := os.Mkdir(filepath.Join(dir, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, want, err string
		gone, warned    bool
	}{
		{name: "closed", want: canary + "\n"},
		{name: "group", want: canary},
		{name: "open", want: canary, warned: true},
		{name: "huge", want: strings.Repeat("x", 65537)}, // enough to see that it is too long
		{name: "missing", err: "does not exist", gone: true},
		{name: "dir", err: "regular file"},
		{name: "closed/below", err: "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			source := secret.Files(slog.New(slog.NewTextHandler(&log, nil)))
			got, err := source.Read(t.Context(), filepath.Join(dir, tt.name))
			if got != tt.want {
				t.Errorf("got %d bytes, want %d", len(got), len(tt.want))
			}
			checkError(t, err, tt.err)
			if got := errors.Is(err, secret.ErrGone); got != tt.gone {
				t.Errorf("ErrGone: got %v, want %v", got, tt.gone)
			}
			if got := strings.Contains(log.String(), "readable by every user"); got != tt.warned {
				t.Errorf("warned: got %v, want %v: %s", got, tt.warned, log.String())
			}
			checkClean(t, "log", log.String())
		})
	}
}
