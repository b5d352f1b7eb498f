package gateway

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/chat"
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
