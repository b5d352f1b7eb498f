// Command gateway is the Lambda function behind the function URL: the same
// handler as the server mode, with the shared state in DynamoDB.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/fallow-dev/fallow/internal/app"
	"github.com/fallow-dev/fallow/internal/awsfront"
)

func main() {
	tuneMemory(os.Getenv)
	log := app.LambdaLog(os.Stdout, os.Getenv)
	slog.SetDefault(log) // for the AWS SDK
	front, err := build(context.Background(), os.Getenv, os.Environ(), os.Stdout, log)
	if err != nil {
		log.Error("cannot start", "error", err)
		os.Exit(1)
	}
	awsfront.Start(front)
}

// build puts the function together from its environment. Events go to out, as
// the lines of the log do.
func build(ctx context.Context, getenv func(string) string, environ []string, out io.Writer, log *slog.Logger) (awsfront.Config, error) {
	doc, state, err := app.Function(ctx, getenv)
	if err != nil {
		return awsfront.Config{}, err
	}
	events, err := app.LambdaTelemetry(out, getenv, log)
	if err != nil {
		return awsfront.Config{}, err
	}
	live, err := app.NewLive(ctx, app.LiveConfig{
		Config: app.Config{Document: doc, Table: state, Environ: environ, After: awsfront.After, Telemetry: events, Log: log},
		File:   getenv("FALLOW_CONFIG"),
		Check:  app.FunctionCheck,
	})
	if err != nil {
		return awsfront.Config{}, err
	}
	app.Trust()
	// Beside the wait for the first invocation, not before it: a slow Secrets
	// Manager must not lengthen the start.
	go live.Warm(ctx)
	return awsfront.Config{Handler: live.Polled(), Log: log}, nil
}
