package gateway

import (
	"net/http"
	"net/url"
	"strings"
)

// unserved refuses what is not served here. There is an event of it: a bot whose
// base URL is wrong gets no further than this. The path is for its line alone, as
// anybody can make up as many as he likes.
func (g *Gateway) unserved(w http.ResponseWriter, r *http.Request, e *apiError) {
	x := g.begin(w, r, &surface{api: "unserved", shape: shapeOf(r)})
	defer x.finish()
	if c, denied := g.authenticate(r); denied == nil {
		x.event.Client = c.name
	}
	x.event.Path = clip(r.Method + " " + g.redacted(r.Context(), r.URL.Path))
	x.fail(e)
}

// notFound answers paths that are not served.
func (g *Gateway) notFound(w http.ResponseWriter, r *http.Request) {
	what := "There is no " + clip(r.Method+" "+r.URL.Path) + " here"
	if path := g.meant(r); path != "" {
		what += "; did you mean " + path + "?"
	} else {
		what += "."
	}
	g.unserved(w, r, &apiError{status: 404, kind: "invalid_request_error", code: "not_found", final: true,
		message: what + " Served are POST /v1/chat/completions, /v1/messages, /v1/responses and more, and GET /v1/models; the base URL for OpenAI SDKs ends in /v1, that for Anthropic SDKs does not."})
}

// wrongMethod answers the other methods of a path that is served.
func (g *Gateway) wrongMethod(served string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", served)
		g.unserved(w, r, badMethod(r.Method, served))
	}
}

// noCompaction answers a call that would else be taken for one about a stored
// response of that name.
func (g *Gateway) noCompaction(w http.ResponseWriter, r *http.Request) {
	g.unserved(w, r, &apiError{status: 404, kind: "invalid_request_error", code: "unsupported_api", final: true,
		message: "This gateway does not serve /v1/responses/compact. Let the client compact the conversation itself, or send \"truncation\": \"auto\" to /v1/responses."})
}

// maxDepth bounds the parts of a path that may stand before the one that was meant.
const maxDepth = 4

// meant is the path that a client with a wrong base URL was to call: this one
// with the version that it lacks, or less what stands before it.
func (g *Gateway) meant(r *http.Request) string {
	rest := r.URL.Path
	for range min(maxDepth, strings.Count(rest, "/")) {
		for _, path := range []string{rest, "/v1" + rest} {
			if len(path) <= longestEcho && g.serves(r.Method, path) {
				return path
			}
		}
		rest = rest[1+strings.IndexByte(rest[1:]+"/", '/'):]
	}
	return ""
}

// serves reports whether requests of that kind are for more than being refused.
func (g *Gateway) serves(method, path string) bool {
	_, pattern := g.mux.Handler(&http.Request{Method: method, URL: &url.URL{Path: path}})
	return strings.Contains(pattern, " ") // which all have that name a method
}

// longestEcho is how much is said again of what a client has made up, in bytes.
const longestEcho = 200

// clip shortens a text without breaking a character.
func clip(s string) string {
	if len(s) <= longestEcho {
		return s
	}
	return strings.ToValidUTF8(s[:longestEcho], "") + "…"
}
