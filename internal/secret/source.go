package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// ErrGone is wrapped by the errors of a Source that was reached and said that
// there is no such secret. It is an answer, and deleting a secret is how people
// withdraw one, so a Cache obeys it instead of keeping the last good value.
var ErrGone = errors.New("there is no such secret")

// maxText bounds a secret in bytes: the most that Secrets Manager stores
// (its quotas page), taken for every source.
const maxText = 65536

// Source reads secrets of one scheme. It is safe for concurrent use. Its
// errors hold nothing of what a secret contains.
type Source interface {
	// Read returns the present text of the secret that a Ref's ID names.
	Read(ctx context.Context, id string) (string, error)
}

// Env returns a source of environment variables. environ has the form of
// os.Environ; it is read once, here, since a process's environment is fixed.
func Env(environ []string) Source {
	vars := make(env, len(environ))
	for _, line := range environ {
		name, text, _ := strings.Cut(line, "=")
		if _, dup := vars[name]; !dup { // the first counts, as for os.Getenv
			vars[name] = text
		}
	}
	return vars
}

type env map[string]string

var _ Source = env(nil)

func (e env) Read(_ context.Context, name string) (string, error) {
	text, ok := e[name]
	if !ok {
		return "", fmt.Errorf("%w: the environment variable is not set", ErrGone)
	}
	return text, nil
}

// Files returns a source of files. A file that other users of the machine can
// read is used nevertheless and log is warned: some platforms mount secrets
// that way into a container that has no other users, and refusing would only
// move the secret into the environment.
func Files(log *slog.Logger) Source { return files{log} }

type files struct{ log *slog.Logger }

var _ Source = files{}

func (f files) Read(_ context.Context, path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: the file does not exist", ErrGone)
	}
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // opening a pipe could block for ever
		return "", fmt.Errorf("needs a regular file, not a %s", info.Mode().Type())
	}
	if info.Mode().Perm()&0o004 != 0 {
		f.log.Warn("secret file is readable by every user of this machine; run chmod o-r on it", "path", path)
	}
	return readText(path)
}

func readText(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, maxText+1))
	return string(text), err
}
