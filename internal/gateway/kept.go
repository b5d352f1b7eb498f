package gateway

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider"
)

// HeaderPool is the request header by which a client names the pool that is to
// keep a file, where there are several.
const HeaderPool = "X-Fallow-Pool"

// kept serves what providers keep for their accounts: files, batches and stored
// responses. Lists are not served: they would show each client what all others
// have.
func (g *Gateway) kept(w http.ResponseWriter, r *http.Request) {
	x := g.begin(w, r, keptSurface(r))
	defer x.finish()

	body, err := g.admit(x)
	if err == nil {
		body, err = g.unmark(x, body)
	}
	if err != nil {
		x.fail(err)
		return
	}
	path := r.URL.Path
	if id := r.PathValue("id"); id != "" {
		own, err := g.unmarkID(x, id)
		if err != nil {
			x.fail(err)
			return
		}
		path = strings.Replace(path, id, own, 1)
	}
	t, err := g.keeper(x)
	if err != nil {
		x.fail(err)
		return
	}
	g.forward(x, t, &provider.Call{
		Method: r.Method, Path: behind(t.BaseURL, path) + query(r), Header: forProvider(r.Header), Body: body,
	})
}

// keptSurface is named after what is asked for, as "files".
func keptSurface(r *http.Request) *surface {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	return &surface{api: provider.API(name), shape: shapeOf(r), native: isAnything, family: name, keeps: "/" + name}
}

// keeper is the pool that has what the request is about, or is to have it.
func (g *Gateway) keeper(x *exchange) (target, error) {
	if x.pin != nil {
		return g.keeps(x, x.pin.pool), nil
	}
	if name := x.r.Header.Get(HeaderPool); name != "" {
		if _, ok := g.cfg.Upstreams[name]; ok {
			return g.keeps(x, name), nil
		}
		return target{}, badHeader("unknown_pool", fmt.Sprintf("%s names no pool of this gateway.", HeaderPool))
	}
	provider := config.ProviderOpenAI
	if x.surface.shape == (anthropicShape{}) {
		provider = config.ProviderAnthropic
	}
	names := g.poolsThat(func(p config.Pool) bool { return p.Provider == provider })
	if len(names) == 1 {
		return g.keeps(x, names[0]), nil
	}
	return target{}, poolNotNamed(provider, names, slices.Sorted(maps.Keys(g.cfg.Upstreams)))
}

// poolNotNamed is for a client who must say which pool is to keep something:
// there are several of the provider, or none.
func poolNotNamed(provider string, several, all []string) *apiError {
	if len(several) > 0 {
		return badHeader("pool_not_named", fmt.Sprintf("This gateway has several pools of provider %s. Name the one you mean in %s: %s.",
			provider, HeaderPool, strings.Join(several, ", ")))
	}
	return badHeader("pool_not_named", fmt.Sprintf("This gateway has no pool of provider %s. If another has this API, name it in %s: %s.",
		provider, HeaderPool, strings.Join(all, ", ")))
}

func (g *Gateway) keeps(x *exchange, name string) target {
	return target{Upstream: g.cfg.Upstreams[name], pool: name, model: x.surface.family, last: true}
}

// poolsThat names the pools that fit, sorted.
func (g *Gateway) poolsThat(fit func(config.Pool) bool) (names []string) {
	for name, p := range g.cfg.Document.Pools {
		if fit(p) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// behind is the path that follows a base URL, which may end in the version that
// the path begins with.
func behind(baseURL, path string) string {
	version := baseURL[strings.LastIndexByte(baseURL, '/'):]
	if rest, ok := strings.CutPrefix(path, version+"/"); ok {
		return "/" + rest
	}
	return path
}

// query is the request's, without a key: in ours nobody finds one, and a
// provider's gets it with the call.
func query(r *http.Request) string {
	q := r.URL.Query()
	q.Del("key")
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}
