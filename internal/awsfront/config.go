package awsfront

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// defaultMargin is enough to write an error event and close the stream, with
// room for a process that was just thawed.
const defaultMargin = 2 * time.Second

// Config says what is served, and how.
type Config struct {
	// Handler serves every request. Required.
	Handler http.Handler
	// Margin is how long before the invocation's deadline the request's
	// context ends, so that the handler can still end its answer properly. It
	// never takes more than half of the time there is. Zero means 2 s.
	Margin time.Duration
	// RequestID names a request whose answer had to be written here, because
	// the handler panicked before naming it or never saw it. Nil means the id
	// that Lambda gave the invocation.
	RequestID func(context.Context) string
	// OnShutdown runs when Lambda shuts the process down, within 500 ms. Nil
	// means that the process is killed without notice, which is quicker.
	OnShutdown func()
	// Log receives panics of the handler. Nil means slog.Default.
	Log *slog.Logger
}

func (c Config) margin() time.Duration {
	if c.Margin > 0 {
		return c.Margin
	}
	return defaultMargin
}

func (c Config) requestID(ctx context.Context) string {
	if c.RequestID != nil {
		return c.RequestID(ctx)
	}
	return invocationID(ctx)
}

func (c Config) log() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.Default()
}

// invocationID is the id Lambda gave the invocation; empty outside of one.
func invocationID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
