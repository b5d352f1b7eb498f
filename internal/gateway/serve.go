package gateway

import "net/http"

// serve answers the requests of one client API: the way of a request.
func (g *Gateway) serve(s *surface) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := g.begin(w, r, s)
		defer x.finish()

		req, err := g.accept(x)
		if err != nil {
			x.fail(err)
			return
		}
		targets, err := g.route(x, req.model())
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
		if a.stream != nil {
			x.relayStream(a)
		} else {
			x.relayWhole(a)
		}
	}
}

// accept authenticates the client, reads what it sent and parses it.
func (g *Gateway) accept(x *exchange) (request, error) {
	body, err := g.admit(x)
	if err == nil {
		body, err = g.unmark(x, body)
	}
	if err != nil {
		return nil, err
	}
	req, err := x.surface.parse(body, x.r.Header)
	if err != nil {
		return nil, err
	}
	x.event.Model, x.event.Stream, x.body = req.model(), req.stream(), body
	return req, nil
}

// admit is the part that all requests have in common: who sends it, how soon it
// must be answered, and its body.
func (g *Gateway) admit(x *exchange) ([]byte, error) {
	client, denied := g.authenticate(x.r)
	if denied != nil {
		return nil, denied
	}
	x.client, x.event.Client = client, client.name
	if err := x.readDeadline(); err != nil {
		return nil, err
	}
	if err := x.readPriority(); err != nil {
		return nil, err
	}
	body, refused := g.readBody(x.w, x.r)
	if refused != nil {
		return nil, refused
	}
	return body, nil
}
