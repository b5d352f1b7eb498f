package gateway

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fallow-dev/fallow/internal/secret"
)

// headerEdge carries the secret of the proxy in front. Its name is not the
// operator's to choose: every proxy can set any, and headers of ours go on to no
// provider.
const headerEdge = "X-Fallow-Edge"

// behindEdge lets through what came by way of the proxy in front, if the document
// has secrets for that: where a WAF stands, nobody may go round it. It is asked
// before everything else, so that a path which is added one day is behind it too.
func (g *Gateway) behindEdge(next http.Handler) http.Handler {
	if len(g.edge) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if denied := g.checkEdge(r); denied != nil {
			// An event like that of any refusal: were the proxy's secret the wrong
			// one, nothing else would tell the operator.
			x := g.begin(w, r, &surface{api: "edge", shape: shapeOf(r)})
			defer x.finish()
			x.fail(denied)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkEdge compares with all secrets, so that the time it takes names none of
// them. Health checks pass: a load balancer sends them past the proxy and knows no
// secret, and their answers tell strangers nothing.
func (g *Gateway) checkEdge(r *http.Request) *apiError {
	if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
		return nil
	}
	sent := secret.New(r.Header.Get(headerEdge))
	if sent.Empty() {
		return pastEdge()
	}
	passed, unsure := false, false
	for _, ref := range g.edge {
		known, err := g.cfg.Secrets.Get(r.Context(), ref)
		unsure = unsure || err != nil && !errors.Is(err, secret.ErrGone)
		passed = sent.Equal(known) || passed // an unreadable one is empty, and equal to none
	}
	switch {
	case passed:
		return nil
	case unsure:
		return unreadable()
	default:
		return pastEdge()
	}
}

// edgeLacks names the secrets that cannot be read.
func (g *Gateway) edgeLacks(readable func(secret.Ref) bool) (missing []string) {
	for i, ref := range g.edge {
		if !readable(ref) {
			missing = append(missing, edgePath(i))
		}
	}
	return missing
}

// edgePath is a secret's place in the config document.
func edgePath(i int) string { return fmt.Sprintf("clients.edge_secrets[%d]", i) }

// pastEdge answers whoever found the way round the proxy, or comes by one that
// has another secret than the document.
func pastEdge() *apiError {
	return &apiError{status: 403, kind: "invalid_request_error", code: "not_through_edge", final: true,
		message: "This gateway answers only what comes through the proxy in front of it. Call the address that its operator gave you, not this one."}
}
