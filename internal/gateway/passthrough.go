package gateway

import (
	"net/http"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider"
)

// passthrough serves a provider's whole API below the name of a pool, or of the
// provider if it has one such pool, as /claude/v1/messages or
// /anthropic/v1/messages; with a key of the pool put in and nothing looked at. It
// is off unless the pool allows it: such calls are not counted against quotas,
// and reach all that the key may do.
func (g *Gateway) passthrough(w http.ResponseWriter, r *http.Request) {
	first, _, _ := strings.Cut(r.URL.EscapedPath()[1:], "/")
	name, ok := g.open(first)
	if !ok {
		g.notFound(w, r)
		return
	}
	x := g.begin(w, r, &surface{api: "passthrough", shape: shapeOf(r), native: isAnything, family: "passthrough"})
	defer x.finish()

	body, err := g.admit(x)
	if err != nil {
		x.fail(err)
		return
	}
	t := g.keeps(x, name)
	g.forward(x, t, &provider.Call{
		Method: r.Method, Path: behind(t.BaseURL, r.URL.EscapedPath()[1+len(first):]) + query(r),
		Header: forProvider(r.Header), Body: body,
	})
}

// open finds the pool that the first part of a path means, if it is open to raw calls.
func (g *Gateway) open(first string) (name string, ok bool) {
	if p, ok := g.cfg.Document.Pools[first]; ok {
		return first, p.Passthrough
	}
	names := g.poolsThat(func(p config.Pool) bool { return p.Passthrough && p.Provider == first })
	if len(names) != 1 {
		return "", false
	}
	return names[0], true
}
