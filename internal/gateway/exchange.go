package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// exchange is one request on its way through the gateway.
type exchange struct {
	g      *Gateway
	w      http.ResponseWriter
	r      *http.Request
	began  time.Time
	sentAt time.Time // when the last call went out
	event  telemetry.Request

	body []byte // what the client sent, until its route is known
	tap  *tap   // nil unless the route logs what is said

	surface  *surface
	client   client
	deadline time.Time // for the answer to begin; zero means none
	priority string    // as the request names it
	pin      *owner    // of what the request refers to
	// dropped names the parameters that could not be honoured by the target.
	dropped  []string
	bookings []*pool.Booking // all that were made, failed ones too
	serving  *pool.Booking   // the one that the answer came by
	target   target          // whose it is
	// size is what the request was estimated by, for the model it was sent to.
	size     estimate.Size
	sizedFor string
}

// begin opens the exchange. Its event tells of a failure inside Fallow until
// the answer is known, so that it is true of a panic too.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request, s *surface) *exchange {
	failed, now := internalError(), g.cfg.Now()
	return &exchange{
		g: g, w: w, r: r, began: now, surface: s,
		event: telemetry.Request{
			ID: requestID(r.Context()), API: string(s.api), Status: failed.status, Code: failed.code,
			At: now, Trace: g.cfg.Trace.Begin(r.Header.Get(headerTraceparent), r.Header.Get(headerTracestate)),
		},
	}
}

func (x *exchange) ctx() context.Context { return x.r.Context() }

// finish settles and reports the request, behind the client's back.
func (x *exchange) finish() {
	x.event.Total = x.g.cfg.Now().Sub(x.began)
	x.g.cfg.After(x.ctx(), func(ctx context.Context) {
		x.account()
		for _, b := range x.bookings {
			b.Settle(ctx, x.usedBy(b))
		}
		x.learnSize(ctx)
		x.g.cfg.Observe(ctx, x.event)
		x.tellContent(ctx)
	})
}

// usedBy is what was used of a booking, as far as is known.
func (x *exchange) usedBy(b *pool.Booking) upstream.Usage {
	if b != x.serving {
		return upstream.Usage{}
	}
	return x.event.Usage
}

// gone reports whether the client has left. A context that ended at its
// deadline is no sign of that: Lambda's ends early so that we can still answer.
func (x *exchange) gone() bool { return errors.Is(x.ctx().Err(), context.Canceled) }

// left notes that the client did not wait for its answer.
func (x *exchange) left() {
	x.event.Status, x.event.Code = statusClientGone, "client_gone"
}

// statusClientGone is nginx's word for it in logs; no client reads it.
const statusClientGone = 499

// done notes whether the client took its complete answer.
func (x *exchange) done(taken bool) {
	x.event.Code = ""
	if !taken {
		x.left()
	}
}

// fail answers with an error; nothing has been written yet.
func (x *exchange) fail(err error) {
	// net/http ends a request's context when reading from its connection fails,
	// by the bound of the body too.
	if x.gone() && !errors.Is(err, errLateBody) {
		x.left()
		x.w.WriteHeader(statusClientGone) // else an empty 200 would go out
		return
	}
	e := errorFor(err)
	x.event.Status, x.event.Code = x.surface.shape.status(e), e.code
	x.noteCause(err)
	x.describe()
	if c, ok := x.verbatim(err); ok {
		x.event.Status = c.resp.StatusCode
		x.relayRefusal(c)
		return
	}
	writeError(x.w, x.surface.shape, e)
}

// sending notes that a call goes out.
func (x *exchange) sending(t target, b *pool.Booking) {
	x.sentAt = x.g.cfg.Now()
	x.event.Target, x.event.Key, x.event.Group = t.String(), b.Key, b.Group
	x.event.Attempts = append(x.event.Attempts, telemetry.Attempt{
		Target: t.String(), Key: b.Key, Began: x.sentAt.Sub(x.began), Span: x.event.Trace.Child(),
	})
}

// sent notes what has come of the last call so far.
func (x *exchange) sent(err error) {
	last := &x.event.Attempts[len(x.event.Attempts)-1]
	last.Took = x.g.cfg.Now().Sub(x.sentAt)
	if err == nil {
		return
	}
	fault := upstream.AsFault(err)
	switch last.Class = fault.Class; {
	case fault.Class != upstream.Connect:
	case x.gone():
		last.Class = telemetry.ClientGone
	default:
		last.Cause = fault.Code
	}
}

// firstToken notes when the client got its first content.
func (x *exchange) firstToken() {
	if x.event.FirstToken == 0 {
		x.event.FirstToken = x.g.cfg.Now().Sub(x.began)
	}
}

// describe puts what is known of the way into the answer's headers.
func (x *exchange) describe() {
	h := x.w.Header()
	if n := len(x.event.Attempts); n > 0 {
		h.Set(headerTarget, x.event.Target)
		h.Set(headerKey, x.event.Key)
		h.Set(headerAttempts, strconv.Itoa(n))
		h.Set(headerWait, strconv.FormatInt(x.event.Waited.Milliseconds(), 10))
	}
	if len(x.dropped) > 0 {
		h.Set(headerDropped, strings.Join(x.dropped, ", "))
	}
}
