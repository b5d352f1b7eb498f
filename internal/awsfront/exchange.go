package awsfront

import (
	"context"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// exchange is one request and its answer.
type exchange struct {
	cfg        Config
	invocation context.Context // ends at the deadline
	request    context.Context // ends a margin earlier, or with the handler
	cancel     context.CancelCauseFunc
	release    context.CancelFunc // frees the deadline's timer
	after      *queue
	writer     *writer
	body       *io.PipeReader
	done       chan struct{} // closed when the handler has returned
}

func newExchange(ctx context.Context, cfg Config) *exchange {
	x := &exchange{cfg: cfg, invocation: ctx, after: &queue{log: cfg.log()}, done: make(chan struct{})}
	pr, pw := io.Pipe()
	x.body, x.writer = pr, newWriter(pw)
	x.request, x.cancel = context.WithCancelCause(context.WithValue(ctx, queueKey{}, x.after))
	x.request, x.release = withMargin(x.request, cfg.margin())
	return x
}

// withMargin moves ctx's deadline, if it has one, forward by margin.
func withMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	margin = min(margin, time.Until(deadline)/2)
	return context.WithDeadlineCause(ctx, deadline.Add(-margin), ErrDeadline)
}

// serve runs the handler to its end.
func (x *exchange) serve(r *http.Request) {
	defer close(x.done)
	defer x.release()
	defer x.recovered(r)
	x.cfg.Handler.ServeHTTP(x.writer, r)
	x.writer.end(nil)
}

// recovered turns a panic of the handler into an answer, or into a stream that
// visibly broke. The process lives on: what it knows of the pool is worth more
// than the doubt that a panic casts on it.
func (x *exchange) recovered(r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler {
		x.cfg.log().Error("handler panicked", "panic", cause, "method", r.Method,
			"path", r.URL.Path, "invocation", invocationID(x.invocation), "stack", string(debug.Stack()))
	}
	if x.writer.committed {
		x.writer.end(errBroken)
		return
	}
	x.writer.answer(x.name(errPanicked))
}

// fail answers a request that no handler will see.
func (x *exchange) fail(e apiError) {
	x.release()
	go func() {
		defer close(x.done)
		x.writer.answer(x.name(e))
	}()
	<-x.writer.ready
}

// name gives e the id under which the client may ask about it: the one the
// handler had chosen, if it came that far.
func (x *exchange) name(e apiError) apiError {
	if e.requestID = x.writer.header.Get(requestIDHeader); e.requestID == "" {
		e.requestID = x.cfg.requestID(x.invocation)
	}
	return e
}

// response is what the runtime posts. The head of the answer must be final.
func (x *exchange) response() *events.LambdaFunctionURLStreamingResponse {
	headers, cookies := x.writer.flatHeader()
	return &events.LambdaFunctionURLStreamingResponse{
		StatusCode: x.writer.status, Headers: headers, Cookies: cookies, Body: x,
	}
}

var _ io.ReadCloser = (*exchange)(nil)

// Read returns the answer's bytes as the handler writes them. An error other
// than io.EOF never comes together with data, which the runtime would drop.
func (x *exchange) Read(p []byte) (int, error) { return x.body.Read(p) }

// Close is called by the runtime when the end of the answer is posted, or
// could not be, and before it asks for the next invocation: so nothing of this
// one may run on after it.
func (x *exchange) Close() error {
	x.abandon()
	select {
	case <-x.done:
	case <-x.invocation.Done(): // Lambda kills the process now
	}
	x.after.run(x.invocation)
	return nil
}

// abandon tells a handler that still runs to give up.
func (x *exchange) abandon() {
	x.cancel(ErrAbandoned)
	x.body.CloseWithError(ErrAbandoned)
}
