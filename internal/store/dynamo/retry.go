package dynamo

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

// mode says how often a call may reach DynamoDB when it is unknown whether it
// was carried out. A throttled call was certainly not, and may be made again
// in either mode.
type mode int

const (
	repeatable mode = 2 // at most two attempts
	once       mode = 1
)

// firstPause is the longest pause after the first throttled attempt; it
// doubles with each further one.
const firstPause = 25 * time.Millisecond

// noRetries takes the decision away from the SDK, whichever client is used.
func noRetries(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// attempts makes a call until it succeeds, fails for good, or has used up what
// mode and Config allow. The error is that of the last attempt.
func attempts[T any](ctx context.Context, cfg Config, m mode, call func(context.Context) (T, error)) (T, error) {
	waited, pause := time.Duration(0), firstPause
	for tried := mode(1); ; {
		out, err := attempt(ctx, cfg.Timeout, call)
		switch {
		case err == nil || ctx.Err() != nil:
			return out, err
		case isThrottle(err):
			wait := pause/2 + time.Duration(cfg.Rand()*float64(pause/2))
			if waited+wait > cfg.ThrottleWait || !sleep(ctx, wait) {
				return out, err
			}
			waited, pause = waited+wait, pause*2
		case isTransient(err) && tried < m:
			tried++
		default:
			return out, err
		}
	}
}

func attempt[T any](ctx context.Context, timeout time.Duration, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}

// isThrottle reports whether DynamoDB refused for its own good (Amazon DynamoDB
// Developer Guide, "Error handling"). The request had no effect.
func isThrottle(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
		return true
	}
	return false
}

// isTransient reports whether another attempt may fare better: the server
// failed, the answer broke off, or there was none. An answer of the 4xx kind
// is final.
func isTransient(err error) bool {
	var response *awshttp.ResponseError
	final := errors.As(err, &response) &&
		response.HTTPStatusCode() >= http.StatusBadRequest && response.HTTPStatusCode() < http.StatusInternalServerError
	return !final
}

// sleep reports whether it slept to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
