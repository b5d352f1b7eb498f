package app

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/gateway"
	"github.com/fallow-dev/fallow/internal/revision"
)

// withDefaults fills in what Live and Job keep across documents.
func (cfg LiveConfig) withDefaults() LiveConfig {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Secrets == nil { // the last good values must not go with a document
		cfg.Secrets = Secrets(cfg.Environ, cfg.Log)
	}
	if cfg.Now == nil {
		cfg.Now = wallClock
	}
	return cfg
}

// follow makes the source of the documents in force, and the hash of the
// deployed one; both are empty if that does not follow revisions.
func follow(cfg LiveConfig) (*revision.Source, string, error) {
	if cfg.Document.Admin.Config.Source != config.SourceTable {
		return nil, "", nil
	}
	text, err := os.ReadFile(cfg.File)
	if err != nil {
		return nil, "", fmt.Errorf("config: %w", err)
	}
	hash := sha256.Sum256(text)
	return revision.NewSource(revision.SourceConfig{
		File: cfg.Document, Text: text, Log: revision.New(revision.Config{Table: cfg.Table}), Now: cfg.Now, Logger: cfg.Log,
	}), hex.EncodeToString(hash[:]), nil
}

// wallClock has no monotonic reading: that one stands still while Lambda freezes
// an instance, and shared times are absolute.
func wallClock() time.Time { return time.Now().Round(0) }

// inForce is what operators are told of a document that has been in use since
// then.
func inForce(r revision.Revision, since time.Time) gateway.InForce {
	told := gateway.InForce{Source: config.SourceFile, Hash: short(r), Since: since.UTC()}
	if r.Number > 0 {
		told.Source, told.Revision, told.Applied = config.SourceTable, r.Number, r.At.UTC()
	}
	return told
}

// short is the name that config.Revision gives a document.
func short(r revision.Revision) string { return r.Hash[:min(12, len(r.Hash))] }
