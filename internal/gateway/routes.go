package gateway

import (
	"net/http"
	"strings"
)

func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	g.mux = mux
	allowed := map[string][]string{} // methods by path
	serve := func(method, path string, h http.HandlerFunc) {
		mux.HandleFunc(method+" "+path, h)
		allowed[path] = append(allowed[path], method)
	}
	serve("POST", "/v1/chat/completions", g.serve(chatSurface))
	serve("POST", "/v1/messages", g.serve(messagesSurface))
	serve("POST", "/v1/messages/count_tokens", g.serve(countSurface))
	serve("POST", "/v1/responses", g.serve(responsesSurface))
	for path, s := range nativeSurfaces {
		serve("POST", path, g.serve(s))
	}
	for _, what := range keptCalls {
		method, path, _ := strings.Cut(what, " ")
		serve(method, path, g.kept)
	}
	// These two stand where ids do, which have other methods of their own.
	mux.HandleFunc("POST /v1/responses/input_tokens", g.serve(inputTokensSurface))
	mux.HandleFunc("POST /v1/responses/compact", g.noCompaction)
	serve("GET", "/v1/models", g.listModels)
	serve("GET", "/v1/models/{id...}", g.getModel)
	serve("GET", "/healthz", g.healthz)
	serve("GET", "/readyz", g.readyz)
	serve("GET", "/admin/v1/pools", g.adminOnly(g.adminPools))
	serve("POST", "/admin/v1/pools/{pool}/groups/{group}/clear", g.adminOnly(g.adminClear))
	for path, methods := range allowed {
		mux.HandleFunc(path, g.wrongMethod(strings.Join(methods, ", ")))
	}
	mux.HandleFunc("/", g.passthrough)
	return tidyPath(mux)
}

// keptCalls are about what providers keep.
var keptCalls = []string{
	"POST /v1/files", "GET /v1/files/{id}", "DELETE /v1/files/{id}", "GET /v1/files/{id}/content",
	"POST /v1/batches", "GET /v1/batches/{id}", "POST /v1/batches/{id}/cancel",
	"GET /v1/responses/{id}", "DELETE /v1/responses/{id}", "POST /v1/responses/{id}/cancel", "GET /v1/responses/{id}/input_items",
}
