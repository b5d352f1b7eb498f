package gateway

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
)

// forward makes a call that is no generation, once, and relays what comes. It is
// booked on a quota of its own name: what is known of the keys' health counts,
// and nothing is taken from the quotas of models, which such calls have no part in.
func (g *Gateway) forward(x *exchange, t target, call *provider.Call) {
	x.event.Batch = x.isBatch(config.Route{})
	want := pool.Want{Model: t.model, Family: t.model, Tried: x.barred(t), Batch: x.event.Batch}
	b, err := g.book(x, t, want)
	if err != nil {
		x.fail(err)
		return
	}
	x.bookings = append(x.bookings, b)
	c, err := g.dial(x, t, call, b)
	if err != nil {
		x.fail(err)
		return
	}
	defer c.close()
	x.relayRaw(t, b, c)
}

// relayRaw sends an answer on as it comes, unless it is to be marked.
func (x *exchange) relayRaw(t target, b *pool.Booking, c conn) {
	var in io.Reader = lively{c.resp.Body, func() { c.watch.alive(t.Timeouts.Idle.D()) }}
	if x.surface.keeps != "" && isJSON(c.resp.Header) {
		body, err := readAll(io.LimitReader(in, maxAnswerBody), c.resp.ContentLength)
		if err != nil {
			x.fail(c.watch.fault(err))
			return
		}
		body = x.mark(body, owner{t.pool, b.Key})
		in = strings.NewReader(string(body))
		c.resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.describe()
	copyHeader(x.w.Header(), c.resp.Header)
	x.event.Status = c.resp.StatusCode
	x.w.WriteHeader(c.resp.StatusCode)
	x.firstToken()
	taken, err := x.copyBody(in)
	if x.done(taken); taken && err != nil {
		x.event.Code = faultError(c.watch.fault(err)).code
		panic(http.ErrAbortHandler) // cut the answer: it must not look complete
	}
}

// copyBody copies piece by piece, each flushed as it comes: it may be a stream.
// taken is false if it was the client that took no more.
func (x *exchange) copyBody(in io.Reader) (taken bool, err error) {
	flush := http.NewResponseController(x.w)
	buf := make([]byte, 32<<10)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			if _, failed := x.w.Write(buf[:n]); failed != nil {
				return false, failed
			}
			_ = flush.Flush() // a failure shows in the next write
		}
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return !x.gone(), err
		}
	}
}
