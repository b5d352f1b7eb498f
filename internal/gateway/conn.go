package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
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
}

// send makes the call. The error is an *upstream.Fault for every answer that is
// not a success and for none at all; the conn then holds the signals only.
func (t target) send(ctx context.Context, call *provider.Call, key secret.Value, now func() time.Time) (conn, error) {
	limit := t.Timeouts.Total.D()
	if call.Stream {
		limit = t.Timeouts.FirstToken.D()
	}
	watch := newWatchdog(ctx, limit, t.Timeouts.Total.D())
	req, err := http.NewRequestWithContext(watch.ctx, call.Method, t.BaseURL+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		watch.stop()
		return conn{}, &upstream.Fault{Class: upstream.Connect, Message: "the request could not be made"}
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	t.Dialect.Authorize(req, key)
	resp, err := t.Client.Do(req)
	if err != nil {
		watch.stop()
		return conn{}, watch.fault(err)
	}
	c := conn{resp: resp, signals: t.Dialect.Signals(resp.Header, now()), watch: watch}
	if resp.StatusCode/100 == 2 {
		return c, nil
	}
	defer c.close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what there is has to do
	return conn{signals: c.signals}, t.Dialect.Classify(resp.StatusCode, resp.Header, body, now())
}

// whole reads a complete answer.
func (c conn) whole(answer provider.Answer) (provider.Reply, error) {
	defer c.close()
	body, err := readAll(io.LimitReader(c.resp.Body, maxAnswerBody+1), c.resp.ContentLength)
	if err != nil {
		return provider.Reply{}, c.watch.fault(err)
	}
	if len(body) > maxAnswerBody {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the answer is larger than this gateway holds"}
	}
	return answer.Whole(body)
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
