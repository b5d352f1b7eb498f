package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/store"
	"github.com/fallow-dev/fallow/internal/store/embedded"
)

// openStore opens the shared state that --store names.
func openStore(ctx context.Context, name string, log *slog.Logger) (store.Table, func(), error) {
	kind, rest, _ := strings.Cut(name, ":")
	switch {
	case name == "memory":
		return embedded.NewMemory(), func() {}, nil
	case kind == "file" && rest != "":
		return openFile(rest, log)
	case kind == "dynamodb" && rest != "":
		table, err := app.Dynamo(ctx, rest)
		return table, func() {}, err
	default:
		return nil, nil, fmt.Errorf("--store %q is not a store; use memory, file:PATH or dynamodb:TABLE", name)
	}
}

func openFile(path string, log *slog.Logger) (store.Table, func(), error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("--store file: %w", err)
	}
	file, err := embedded.OpenFile(path, embedded.FileConfig{
		OnError: func(err error) { log.Warn("state not written to its file", "path", path, "error", err) },
	})
	if err != nil {
		return nil, nil, fmt.Errorf("--store file: %w", err)
	}
	return file, func() {
		if err := file.Close(); err != nil {
			log.Warn("state not written to its file", "path", path, "error", err)
		}
	}, nil
}
