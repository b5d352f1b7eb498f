package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/telemetry"
)

// chatCompletions serves POST /v1/chat/completions: the way of a request.
func (g *Gateway) chatCompletions(w http.ResponseWriter, r *http.Request) {
	x := g.begin(w, r)
	defer x.finish()

	req, err := g.accept(x)
	if err != nil {
		x.fail(err)
		return
	}
	targets, err := g.route(req.Model)
	if err != nil {
		x.fail(err)
		return
	}
	a, err := g.answer(x, req, targets)
	if err != nil {
		x.fail(err)
		return
	}
	defer a.close(x)
	if req.Stream {
		x.relayStream(a)
	} else {
		x.relayWhole(a)
	}
}

// exchange is one request on its way through the gateway.
type exchange struct {
	g     *Gateway
	w     http.ResponseWriter
	r     *http.Request
	began time.Time
	event telemetry.Request
	// dropped names the parameters that could not be honoured by the target.
	dropped  []string
	bookings []*pool.Booking // all that were made, failed ones too
}

func (g *Gateway) begin(w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{g: g, w: w, r: r, began: g.cfg.Now(),
		event: telemetry.Request{ID: requestID(r.Context()), Status: http.StatusOK}}
}

func (x *exchange) ctx() context.Context { return x.r.Context() }

// finish settles and reports the request, behind the client's back.
func (x *exchange) finish() {
	x.event.Total = x.g.cfg.Now().Sub(x.began)
	x.g.cfg.After(x.ctx(), func(ctx context.Context) {
		for _, b := range x.bookings {
			b.Settle(ctx)
		}
		x.g.cfg.Observe(ctx, x.event)
	})
}

// accept authenticates the client, reads the body and parses it.
func (g *Gateway) accept(x *exchange) (*chat.Request, error) {
	client, denied := g.authenticate(x.r)
	if denied != nil {
		return nil, denied
	}
	x.event.Client = client
	body, refused := g.readBody(x.w, x.r)
	if refused != nil {
		return nil, refused
	}
	req, err := chat.Parse(body)
	if err != nil {
		return nil, err
	}
	x.event.Model, x.event.Stream = req.Model, req.Stream
	return req, nil
}

// readBody reads the request's body within the limit.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	limit := g.cfg.Document.Limits.BodyBytes
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, &apiError{status: 415, kind: "invalid_request_error", code: "unsupported_encoding", final: true,
			message: "This gateway does not take compressed request bodies. Send the body without Content-Encoding."}
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return nil, tooLarge(limit)
	case err != nil:
		return nil, &apiError{status: 400, kind: "invalid_request_error", code: "incomplete_body", message: "The request body broke off before its end."}
	}
	return body, nil
}

// fail answers with an error; nothing has been written yet.
func (x *exchange) fail(err error) {
	if errors.Is(x.ctx().Err(), context.Canceled) {
		x.event.Status, x.event.Code = 499, "client_gone" // nobody is there to read an answer
		return
	}
	e := errorFor(err)
	x.event.Status, x.event.Code = e.status, e.code
	x.g.cfg.Log.Debug("request failed", "request_id", x.event.ID, "error", err)
	x.describe()
	writeError(x.w, e)
}

// describe puts what is known of the way into the answer's headers.
func (x *exchange) describe() {
	h := x.w.Header()
	if len(x.event.Attempts) > 0 {
		last := x.event.Attempts[len(x.event.Attempts)-1]
		h.Set(headerTarget, last.Target)
		h.Set(headerKey, last.Key)
		h.Set(headerAttempts, strconv.Itoa(len(x.event.Attempts)))
		h.Set(headerWait, strconv.FormatInt(x.event.Waited.Milliseconds(), 10))
	}
	if len(x.dropped) > 0 {
		h.Set(headerDropped, strings.Join(x.dropped, ", "))
	}
}
