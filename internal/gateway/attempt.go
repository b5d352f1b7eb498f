package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// attempt books a key and makes one call with it. A key that this request
// should not be given again is added to want.Tried.
func (g *Gateway) attempt(x *exchange, t target, call *provider.Call, want pool.Want) (*answered, error) {
	b, err := g.book(x, t, want)
	if err != nil {
		return nil, err
	}
	x.bookings = append(x.bookings, b)
	a, err := g.call(x, t, call, b)
	if err != nil && next(err) == anotherKey {
		want.Tried[b.Key] = true
	}
	return a, err
}

// book asks the pool for a key, by the client's deadline at the latest. One
// wait budget is for all the waits of a request, so the pool is told of those
// before.
func (g *Gateway) book(x *exchange, t target, want pool.Want) (*pool.Booking, error) {
	ctx, done := x.inTime()
	defer done()
	want.Waited = x.event.Waited
	began := g.cfg.Now()
	b, err := t.Pool.Book(ctx, want)
	took := g.cfg.Now().Sub(began)
	x.event.Waited += took
	x.booked(t, b, err, began, took)
	var exhausted *pool.ExhaustedError
	if err == nil || errors.As(err, &exhausted) {
		return b, err
	}
	return nil, outOfTime() // nothing else ends a booking but its context
}

// dial makes one call, with the key that was booked.
func (g *Gateway) dial(x *exchange, t target, call *provider.Call, b *pool.Booking) (conn, error) {
	c, err := g.withSecret(x.ctx(), t, b.Key, func(key secret.Value) (conn, error) {
		x.sending(t, b)
		c, err := t.send(x.traced(), call, key, x.within(t.firstSign(call)), g.cfg.Now)
		x.sent(err)
		return c, err
	})
	var unreadable *secretError
	if errors.As(err, &unreadable) {
		return conn{}, err
	}
	x.serving, x.target = b, t
	if err == nil {
		b.Learn(x.ctx(), pool.Outcome{Signals: c.signals})
		c.signals = upstream.Signals{} // they are told once
	} else {
		b.Learn(x.ctx(), pool.Outcome{Fault: upstream.AsFault(err), Signals: c.signals})
		err = &refusedError{c, t.model, err}
	}
	x.event.Group = b.Group // the answer may have told
	return c, err
}

// call makes one call and reads its answer as far as it must be before the
// client may see any of it.
func (g *Gateway) call(x *exchange, t target, call *provider.Call, b *pool.Booking) (*answered, error) {
	c, err := g.dial(x, t, call, b)
	if err != nil {
		return nil, err
	}
	a := &answered{pool: t.pool, booking: b, kept: x.surface.keeps != "" && strings.HasSuffix(call.Path, x.surface.keeps)}
	err = a.read(c, t, call, x.surface.ping, g.cfg.Now)
	x.sent(err)
	if err != nil {
		b.Learn(x.ctx(), pool.Outcome{Fault: upstream.AsFault(err)})
		return nil, err
	}
	a.measure(x.ctx())
	return a, nil
}

// measure tells the pool what the provider counted of the input, which some say
// as soon as a stream begins.
func (a *answered) measure(ctx context.Context) {
	if a.stream == nil {
		return
	}
	if used := a.stream.chunks.Usage(); estimate.Counted(used, true) > 0 {
		a.booking.Measured(ctx, used)
	}
}

// read takes in all of a whole answer, or a stream up to its first content.
func (a *answered) read(c conn, t target, call *provider.Call, ping []byte, now func() time.Time) (err error) {
	if call.Stream {
		a.stream, err = openTheStream(c, call.Answer, t.Timeouts.Idle.D(), ping, now)
	} else {
		a.reply, err = c.whole(call.Answer, t.Timeouts.Idle.D())
	}
	if err != nil {
		return upstream.AsFault(err)
	}
	return nil
}

// refusedError is a provider's refusal with its own words.
type refusedError struct {
	conn  conn
	model string // that was asked for
	err   error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// secretError says that a key's secret could not be read.
type secretError struct {
	key string
	err error
}

func (e *secretError) Error() string { return fmt.Sprintf("secret of key %s: %v", e.key, e.err) }
func (e *secretError) Unwrap() error { return e.err }

// withSecret sends with a key's secret. A key that the provider does not accept
// may have been rotated since it was read: it is read again and, if it has
// changed, sent with once more.
func (g *Gateway) withSecret(ctx context.Context, t target, key string, send func(secret.Value) (conn, error)) (conn, error) {
	value, err := g.cfg.Secrets.Get(ctx, t.Keys[key])
	if err != nil {
		return conn{}, &secretError{key, err}
	}
	c, err := send(value)
	if err != nil && upstream.AsFault(err).Class == upstream.Auth {
		// Without a fresh secret the refusal stands, whatever kept us from it.
		if fresh, changed, _ := g.cfg.Secrets.Renew(ctx, t.Keys[key], value); changed {
			return send(fresh)
		}
	}
	return c, err
}
