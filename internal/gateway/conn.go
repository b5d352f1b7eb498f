package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// maxErrorBody is how much of a refusal is read: enough for any provider's
	// error object, and for the connection to be used again.
	maxErrorBody = 64 << 10
	// maxAnswerBody bounds a whole answer held in memory.
	maxAnswerBody = 64 << 20
	// A connection whose answer was not read to the very end cannot be used
	// again. What may follow the last event is the end itself, nearly always
	// there already; drainTime and maxDrain bound the wait for it.
	drainTime = 50 * time.Millisecond
	maxDrain  = 4 << 10
)

// conn is one provider's answer under way.
type conn struct {
	resp    *http.Response
	signals upstream.Signals
	watch   *watchdog
	refusal []byte // the body of one, whose resp is closed
}

// send makes the call. The error is an *upstream.Fault for every answer that is
// not a success and for none at all; the conn then holds what was said.
// The provider has patience for its first content, or for a whole answer.
func (t target) send(ctx context.Context, call *provider.Call, key secret.Value, patience time.Duration, now func() time.Time) (conn, error) {
	watch := newWatchdog(ctx, patience, t.Timeouts.Total.D())
	req, err := http.NewRequestWithContext(watch.ctx, call.Method, t.BaseURL+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		watch.stop()
		return conn{}, &upstream.Fault{Class: upstream.Connect, Message: "the request could not be made"}
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	t.Dialect.Authorize(req, key)
	passTrace(ctx, req.Header)
	resp, err := t.Client.Do(req)
	if err != nil {
		watch.stop()
		return conn{}, watch.fault(withoutURL(err))
	}
	c := conn{resp: resp, signals: t.Dialect.Signals(resp.Header, now()), watch: watch}
	if resp.StatusCode/100 == 2 {
		return c, nil
	}
	defer c.close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what there is has to do
	return conn{signals: c.signals, resp: resp, refusal: body}, t.Dialect.Classify(resp.StatusCode, resp.Header, body, now())
}

// withoutURL leaves the URL out of the text of a failed call: the query of a raw
// call is the client's.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// firstSign is how long a call may take to show content.
func (t target) firstSign(call *provider.Call) time.Duration {
	if call.Stream {
		return t.Timeouts.FirstToken.D()
	}
	return t.Timeouts.Total.D()
}

// whole reads a complete answer. One that comes as events, as dialects ask for
// where a long silence would be cut, may be silent no longer than a stream.
func (c conn) whole(answer provider.Answer, idle time.Duration) (provider.Reply, error) {
	defer c.close()
	var in io.Reader = c.resp.Body
	if isEventStream(c.resp.Header) {
		in = lively{in, func() { c.watch.alive(idle) }}
	}
	body, err := readAll(io.LimitReader(in, maxAnswerBody+1), c.resp.ContentLength)
	if err != nil {
		return provider.Reply{}, c.watch.fault(err)
	}
	if len(body) > maxAnswerBody {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the answer is larger than this gateway holds"}
	}
	return answer.Whole(body)
}

func isEventStream(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/event-stream"
}

// lively tells of every sign of life.
type lively struct {
	io.Reader
	alive func()
}

func (l lively) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	l.alive()
	return n, err
}

// drain reads what is left behind an answer that ended well.
func (c conn) drain() {
	c.watch.alive(drainTime)
	_, _ = io.CopyN(io.Discard, c.resp.Body, maxDrain)
}

func (c conn) close() {
	_ = c.resp.Body.Close()
	c.watch.stop()
}
