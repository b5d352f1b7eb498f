package app

import (
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// lambdaLevels are those of Lambda's advanced logging controls, which it puts into
// AWS_LAMBDA_LOG_LEVEL for functions that log as JSON (AWS docs, lambda,
// monitoring-cloudwatchlogs-log-level). slog has no first and no last of them.
var lambdaLevels = map[string]slog.Level{
	"TRACE": slog.LevelDebug - 4, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo,
	"WARN": slog.LevelWarn, "ERROR": slog.LevelError, "FATAL": slog.LevelError + 4,
}

// LambdaLog is the log of a Lambda function: JSON lines on out, from the level on
// that the function is configured with; INFO if that is none. The events of
// telemetry are no part of it, as metrics are made of them.
func LambdaLog(out io.Writer, getenv func(string) string) *slog.Logger {
	text := getenv("AWS_LAMBDA_LOG_LEVEL")
	level, known := lambdaLevels[strings.ToUpper(text)] // unknown is 0, which is INFO
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
	if !known && text != "" {
		log.Warn("AWS_LAMBDA_LOG_LEVEL is none of Lambda's levels; the log has INFO and above", "level", text, "known", levelNames())
	}
	return log
}

// levelNames lists them from the one that says most.
func levelNames() []string {
	return slices.SortedFunc(maps.Keys(lambdaLevels), func(a, b string) int { return int(lambdaLevels[a] - lambdaLevels[b]) })
}
