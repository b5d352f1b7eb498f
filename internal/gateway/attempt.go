package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// bookMoment is what a booking may take when there is no time left to wait for
// room: enough to read a slow store, or to find that it is down.
const bookMoment = 2 * time.Second

// book asks the pool for a key. The pool bounds one wait by its wait budget; a
// request that was refused after a wait has only what is left of it.
func (g *Gateway) book(x *exchange, t target, want pool.Want) (*pool.Booking, error) {
	ctx := x.ctx()
	if len(x.bookings) > 0 {
		left := g.cfg.Document.Pools[t.pool].WaitBudget.D() - x.event.Waited
		bounded, cancel := context.WithTimeout(ctx, max(left, bookMoment))
		defer cancel()
		ctx = bounded
	}
	began := g.cfg.Now()
	b, err := t.Pool.Book(ctx, want)
	x.event.Waited += g.cfg.Now().Sub(began)
	var exhausted *pool.ExhaustedError
	switch {
	case err == nil || errors.As(err, &exhausted):
		return b, err
	case x.ctx().Err() != nil:
		return nil, outOfTime()
	default:
		return nil, &pool.ExhaustedError{Pool: t.pool, RetryAfter: time.Second, Why: "the wait budget is used up"}
	}
}

// call makes one call and reads its answer as far as it must be before the
// client may see any of it.
func (g *Gateway) call(x *exchange, t target, call *provider.Call, b *pool.Booking) (*answered, error) {
	c, err := g.withSecret(x.ctx(), t, b.Key, func(key secret.Value) (conn, error) {
		x.sending(t, b)
		c, err := t.send(x.ctx(), call, key, g.cfg.Now)
		x.sent(err)
		return c, err
	})
	var unreadable *secretError
	if errors.As(err, &unreadable) {
		return nil, err
	}
	a := &answered{booking: b}
	x.serving = b
	if err == nil {
		b.Learn(x.ctx(), pool.Outcome{Signals: c.signals})
		c.signals = upstream.Signals{} // they are told once
		err = a.read(c, t, call, g.cfg.Now)
		x.sent(err)
	}
	if err != nil {
		b.Learn(x.ctx(), pool.Outcome{Fault: upstream.AsFault(err), Signals: c.signals})
	}
	x.event.Group = b.Group // the answer may have told
	return a, err
}

// read takes in all of a whole answer, or a stream up to its first content.
func (a *answered) read(c conn, t target, call *provider.Call, now func() time.Time) (err error) {
	if call.Stream {
		a.stream, err = openTheStream(c, call.Answer, t.Timeouts.Idle.D(), now)
	} else {
		a.reply, err = c.whole(call.Answer)
	}
	if err != nil {
		return upstream.AsFault(err)
	}
	return nil
}

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
