package awsfront

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// The causes, as context.Cause gives them, for which a request's context ends
// while its handler still runs.
var (
	// ErrDeadline means that the invocation will soon be ended by Lambda.
	ErrDeadline = errors.New("the invocation is close to its deadline")
	// ErrAbandoned means that the runtime no longer reads the answer.
	ErrAbandoned = errors.New("nobody reads the answer any more")
)

// HandlerFunc is what the runtime calls for each invocation.
type HandlerFunc func(context.Context, *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error)

// Handler turns cfg.Handler into the handler of a function behind a function
// URL. It is safe for concurrent use. It answers 400 to an event that is not a
// function URL's, and 500 if the handler panics before its first byte; a panic
// after that breaks the stream, so that the client cannot take the answer for
// complete.
func Handler(cfg Config) HandlerFunc {
	return func(ctx context.Context, ev *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error) {
		x := newExchange(ctx, cfg)
		r, err := newRequest(x.request, ev)
		if err != nil {
			x.fail(badEvent(err))
			return x.response(), nil
		}
		x.writer.bodyless = r.Method == http.MethodHead
		go x.serve(r)
		select {
		case <-x.writer.ready:
			return x.response(), nil
		case <-ctx.Done():
			x.abandon()
			return nil, fmt.Errorf("no answer before the invocation's deadline: %w", context.Cause(ctx))
		}
	}
}

// Start serves cfg.Handler until Lambda ends the process. It does not return.
func Start(cfg Config) {
	var options []lambda.Option
	if cfg.OnShutdown != nil {
		options = append(options, lambda.WithEnableSIGTERM(cfg.OnShutdown))
	}
	lambda.StartWithOptions(Handler(cfg), options...)
}
