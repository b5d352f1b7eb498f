// Command rebalance is the Lambda function on the schedule: once a minute it
// does for the pools what no single request can see.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fallow-dev/fallow/internal/app"
)

func main() {
	log := app.LambdaLog(os.Stdout, os.Getenv)
	slog.SetDefault(log) // for the AWS SDK
	job, err := build(context.Background(), os.Getenv, os.Environ(), os.Stdout, log)
	if err != nil {
		log.Error("cannot start", "error", err)
		os.Exit(1)
	}
	// The event says only that it is time.
	lambda.Start(func(ctx context.Context) (app.JobReport, error) { return job.Run(ctx) })
}

// build puts the job together from the same environment as the gateway's. Events
// go to out, as the lines of the log do.
func build(ctx context.Context, getenv func(string) string, environ []string, out io.Writer, log *slog.Logger) (*app.Job, error) {
	doc, state, err := app.Function(ctx, getenv)
	if err != nil {
		return nil, err
	}
	events, err := app.LambdaTelemetry(out, getenv, log)
	if err != nil {
		return nil, err
	}
	return app.NewJob(app.LiveConfig{
		Config: app.Config{Document: doc, Table: state, Environ: environ, Telemetry: events, Log: log},
		File:   getenv("FALLOW_CONFIG"),
		Check:  app.FunctionCheck,
	})
}
