package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

const (
	// maxErrorBody is how much of a refusal is read: enough for any provider's
	// error object, and for the connection to be used again.
	maxErrorBody = 64 << 10
	// maxAnswerBody bounds a whole answer held in memory.
	maxAnswerBody = 64 << 20
)

// secretError says that a key's secret could not be read.
type secretError struct {
	key string
	err error
}

func (e *secretError) Error() string { return fmt.Sprintf("secret of key %s: %v", e.key, e.err) }
func (e *secretError) Unwrap() error { return e.err }

// attempt books a key and makes one call with it. A key that fails for its own
// reasons is added to want.Tried.
func (g *Gateway) attempt(x *exchange, t target, call *provider.Call, want pool.Want) (*answered, error) {
	b, err := t.Pool.Book(x.ctx(), want)
	if err != nil {
		return nil, err
	}
	x.event.Waited += b.Waited
	x.bookings = append(x.bookings, b)
	a, err := g.call(x, t, call, b)
	if err != nil && next(err) == anotherKey {
		want.Tried[b.Key] = true
	}
	return a, err
}

// call makes one call and reads its answer as far as it must be before the
// client may see any of it.
func (g *Gateway) call(x *exchange, t target, call *provider.Call, b *pool.Booking) (*answered, error) {
	began := g.cfg.Now()
	note := telemetry.Attempt{Target: t.String(), Key: b.Key}
	x.event.Target, x.event.Key = note.Target, b.Key
	a, err := g.exchangeWith(x, t, call, b)
	x.event.Group = b.Group // the answer may have told
	if err != nil {
		note.Class = upstream.AsFault(err).Class
	}
	note.Took = g.cfg.Now().Sub(began)
	x.event.Attempts = append(x.event.Attempts, note)
	return a, err
}

func (g *Gateway) exchangeWith(x *exchange, t target, call *provider.Call, b *pool.Booking) (*answered, error) {
	key, err := g.cfg.Secrets.Get(x.ctx(), t.Keys[b.Key])
	if err != nil {
		return nil, &secretError{b.Key, err}
	}
	conn, fault := t.send(x.ctx(), call, key, g.cfg.Now)
	if fault != nil && fault.Class == upstream.Auth {
		// The key may have been rotated since it was read.
		if fresh, changed, _ := g.cfg.Secrets.Renew(x.ctx(), t.Keys[b.Key], key); changed {
			conn, fault = t.send(x.ctx(), call, fresh, g.cfg.Now)
		}
	}
	if fault != nil {
		b.Learn(x.ctx(), pool.Outcome{Fault: fault, Signals: conn.signals})
		return nil, fault
	}
	b.Learn(x.ctx(), pool.Outcome{Signals: conn.signals})
	a := &answered{booking: b}
	if call.Stream {
		a.stream, err = openTheStream(conn, call.Answer, t.Timeouts, g.cfg.Now)
	} else {
		a.reply, err = conn.whole(call.Answer)
	}
	if err != nil {
		b.Learn(x.ctx(), pool.Outcome{Fault: upstream.AsFault(err)})
		return nil, upstream.AsFault(err)
	}
	return a, nil
}

// conn is one provider's answer under way.
type conn struct {
	resp    *http.Response
	signals upstream.Signals
	watch   *watchdog
}

// send makes the call. It returns a fault for every answer that is not a
// success and for none at all; the conn then holds the signals only.
func (t target) send(ctx context.Context, call *provider.Call, key secret.Value, now func() time.Time) (conn, *upstream.Fault) {
	limit := t.Timeouts.Total.D()
	if call.Stream {
		limit = t.Timeouts.FirstToken.D()
	}
	watch := watch(ctx, limit, t.Timeouts.Total.D())
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
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return conn{signals: c.signals}, t.Dialect.Classify(resp.StatusCode, resp.Header, body, now())
}

// whole reads a complete answer.
func (c conn) whole(answer provider.Answer) (provider.Reply, error) {
	defer c.close()
	body, err := io.ReadAll(io.LimitReader(c.resp.Body, maxAnswerBody+1))
	if err != nil {
		return provider.Reply{}, c.watch.fault(err)
	}
	if len(body) > maxAnswerBody {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the answer is larger than this gateway holds"}
	}
	return answer.Whole(body)
}

func (c conn) close() {
	_ = c.resp.Body.Close()
	c.watch.stop()
}

// errIdle and errTotal are why a watchdog ended a call.
var (
	errSilent = errors.New("the provider was silent for too long")
	errTotal  = errors.New("the answer took too long")
)

// watchdog ends a call that is silent for too long, or takes too long in all.
type watchdog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	silent *time.Timer
	total  *time.Timer
}

func watch(ctx context.Context, silent, total time.Duration) *watchdog {
	ctx, cancel := context.WithCancelCause(ctx)
	return &watchdog{ctx: ctx, cancel: cancel,
		silent: time.AfterFunc(silent, func() { cancel(errSilent) }),
		total:  time.AfterFunc(total, func() { cancel(errTotal) }),
	}
}

// alive gives the provider that much time for its next sign of life.
func (w *watchdog) alive(d time.Duration) { w.silent.Reset(d) }

func (w *watchdog) stop() {
	w.silent.Stop()
	w.total.Stop()
	w.cancel(nil)
}

// fault explains a failed read or send: our own bounds are time-outs, anything
// else is the network.
func (w *watchdog) fault(err error) *upstream.Fault {
	if cause := context.Cause(w.ctx); errors.Is(cause, errSilent) || errors.Is(cause, errTotal) || errors.Is(cause, context.DeadlineExceeded) {
		return &upstream.Fault{Class: upstream.Timeout, Message: cause.Error()}
	}
	return upstream.AsFault(err)
}
