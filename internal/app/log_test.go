package app_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/smithy-go/logging"

	"github.com/fallow-dev/fallow/internal/app"
)

// TestLambdaLog: Lambda says by its environment what is to be logged, in words of
// its own.
func TestLambdaLog(t *testing.T) {
	t.Parallel()
	tests := []struct {
		level string
		least slog.Level
		warns bool
	}{
		{"", slog.LevelInfo, false}, {"INFO", slog.LevelInfo, false}, {"DEBUG", slog.LevelDebug, false}, {"debug", slog.LevelDebug, false},
		{"TRACE", slog.LevelDebug - 4, false}, {"WARN", slog.LevelWarn, false}, {"ERROR", slog.LevelError, false}, {"FATAL", slog.LevelError + 4, false},
		{"LOUD", slog.LevelInfo, true},
	}
	for _, tt := range tests {
		t.Run("level "+tt.level, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := app.LambdaLog(&out, func(name string) string { return map[string]string{"AWS_LAMBDA_LOG_LEVEL": tt.level}[name] })
			if !log.Enabled(t.Context(), tt.least) || log.Enabled(t.Context(), tt.least-1) {
				t.Errorf("the log does not begin at %v", tt.least)
			}
			if got := strings.Contains(out.String(), `"level":"LOUD","known":["TRACE","DEBUG","INFO","WARN","ERROR","FATAL"]`); got != tt.warns {
				t.Errorf("warned %v, want %v: %s", got, tt.warns, out.String())
			}
			out.Reset()
			log.Error("x", "a", 1)
			if line := out.Bytes(); tt.least <= slog.LevelError && !json.Valid(line) {
				t.Errorf("%q is not JSON", line)
			}
		})
	}
}

// TestSDKLog: what the AWS SDK has to say is a line like all others. Not parallel:
// slog.Default is the process's.
func TestSDKLog(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	cfg, err := app.AWS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Logger.Logf(logging.Warn, "falling back to %s", "IMDSv1")
	cfg.Logger.Logf(logging.Debug, "request")
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"level":"WARN","msg":"AWS SDK","says":"falling back to IMDSv1"`) {
		t.Errorf("logged %s, want the warning alone, as JSON", got)
	}
}
