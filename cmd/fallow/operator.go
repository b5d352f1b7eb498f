package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/dynamo"
)

// storeFlags say where the shared state is, for commands that a person runs.
type storeFlags struct {
	Store string `placeholder:"STORE" xor:"store" help:"Shared state, as for serve: memory, file:PATH or dynamodb:TABLE."`
	Table string `placeholder:"TABLE" xor:"store" help:"Short for --store dynamodb:TABLE. Without either, the variable FALLOW_TABLE names the table."`
}

// name is the store that the flags or the environment name; empty if neither.
func (f storeFlags) name(t *terminal) string {
	table := f.Table
	if f.Store != "" {
		return f.Store
	}
	if table == "" {
		table = getenv(t.environ, "FALLOW_TABLE")
	}
	if table == "" {
		return ""
	}
	return "dynamodb:" + table
}

var errNoStore = errors.New("which table? Say --table TABLE (the stack's output StateTableName), --store file:PATH, or set FALLOW_TABLE")

// patience bounds one attempt at a call to DynamoDB. Requests get 80 ms, which
// is less than the way from a laptop to another continent and back.
const patience = 5 * time.Second

// openOperatorStore opens the store that the flags name, with a person's
// patience.
func openOperatorStore(t *terminal, f storeFlags) (store.Table, func(), error) {
	name := f.name(t)
	if name == "" {
		return nil, nil, errNoStore
	}
	table, ok := strings.CutPrefix(name, "dynamodb:")
	if !ok || table == "" {
		return openStore(t.ctx, name, slog.New(slog.NewTextHandler(t.stderr, nil)))
	}
	cfg, err := app.AWS(t.ctx)
	if err != nil {
		return nil, nil, err
	}
	return dynamo.New(dynamo.Config{Client: dynamo.NewClient(cfg), Table: table, Timeout: patience}), func() {}, nil
}

// getenv looks a variable up as os.Getenv does.
func getenv(environ []string, name string) string {
	for _, line := range environ {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// operator is who runs the command, as the operating system knows them.
func operator() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("who are you? Say --author NAME (%w)", err)
	}
	return u.Username, nil
}

// writeJSON prints a result for programs.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// outcome is an error with an exit code of its own, for scripts.
type outcome struct {
	error
	code int
}

// ExitCode implements kong.ExitCoder.
func (o outcome) ExitCode() int { return o.code }

func (o outcome) Unwrap() error { return o.error }

// The exit codes beside 0, 1 and 2.
const (
	exitDiffers  = 3
	exitConflict = 4
)
