//go:build !linux && !darwin

package main

import (
	"context"
	"errors"
	"os"
)

// isTerminal knows nothing of terminals here: credentials come from a file or
// a pipe.
func isTerminal(*os.File) bool { return false }

func readHidden(context.Context, *os.File) (string, error) {
	return "", errors.New("no way is known to read from a terminal without echo here; use --from-file")
}
