package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// TestMain keeps the AWS SDK, whose settings belong to the process, from
// anything outside: nobody listens where it is led to.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1",
		"AWS_CONFIG_FILE":  "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
	} {
		_ = os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

func getenv(config, table string) func(string) string {
	return func(name string) string {
		return map[string]string{"FALLOW_CONFIG": config, "FALLOW_TABLE": table}[name]
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ config, table, says string }{
		"no config":    {"", "state", "FALLOW_CONFIG"},
		"no table":     {"fallow.yaml", "", "FALLOW_TABLE"},
		"no such file": {"/nowhere.yaml", "state", "/nowhere.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := build(t.Context(), getenv(tt.config, tt.table), nil, io.Discard, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error about %q", err, tt.says)
			}
		})
	}
}

// TestBuildReadsTheDocument: the job knows the pools of the document that is
// deployed, and says which of them it could not read.
func TestBuildReadsTheDocument(t *testing.T) {
	t.Parallel()
	job, err := build(t.Context(), getenv("../../fallow.yaml", "state"), nil, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the table cannot be reached anyway
	if _, err := job.Run(ctx); err == nil || !strings.Contains(err.Error(), "pool claude") {
		t.Errorf("got %v, want an error about pool claude", err)
	}
}
