package awsfront_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.uber.org/goleak"

	"github.com/fallow-dev/fallow/internal/awsfront"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const invocationID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

// invocation is a context as the runtime makes it.
func invocation(parent context.Context) context.Context {
	ctx := lambdacontext.NewContext(parent, &lambdacontext.LambdaContext{AwsRequestID: invocationID})
	//lint:ignore SA1029 the key is the runtime's
	return context.WithValue(ctx, "x-amzn-trace-id", "Root=1-of-the-runtime")
}

// event reads a sample invocation event.
func event(t testing.TB, name string) *events.LambdaFunctionURLRequest {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var ev events.LambdaFunctionURLRequest
	if err := json.Unmarshal(raw, &ev); err != nil {
		t.Fatal(err)
	}
	return &ev
}

// answer is what a client would see of a response.
type answer struct {
	*events.LambdaFunctionURLStreamingResponse
	body string
	err  error // how the body ended, nil for a proper end
}

// call does what the runtime does with one invocation.
func call(t *testing.T, cfg awsfront.Config, ev *events.LambdaFunctionURLRequest) answer {
	t.Helper()
	res, err := awsfront.Handler(cfg)(invocation(t.Context()), ev)
	if err != nil {
		t.Fatalf("the invocation failed: %v", err)
	}
	body, readErr := io.ReadAll(res.Body)
	if err := res.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return answer{res, string(body), readErr}
}

// serve is call for a handler that is a function, asked for /healthz.
func serve(t *testing.T, h http.HandlerFunc) answer {
	t.Helper()
	return call(t, awsfront.Config{Handler: h, Log: slog.New(slog.DiscardHandler)}, event(t, "healthz"))
}

func logTo(buf *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(buf, nil)) }
