package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/fallow-dev/fallow/internal/provider"
)

// getModel serves GET /v1/models/{id}, whose id may have slashes in it, escaped or
// not: one entry of the list.
func (g *Gateway) getModel(w http.ResponseWriter, r *http.Request) {
	if _, denied := g.authenticate(r); denied != nil {
		writeError(w, shapeOf(r), denied)
		return
	}
	m, ok := g.model(r.Context(), r.PathValue("id"))
	switch {
	case !ok:
		writeError(w, shapeOf(r), unlistedModel(r.PathValue("id")))
	case shapeOf(r) == (anthropicShape{}):
		writeJSON(w, http.StatusOK, anthropicModelOf(m))
	default:
		writeJSON(w, http.StatusOK, openAIModelOf(m))
	}
}

// model finds what the list has of a name. A route such as "*" would take any
// name, so behind one it is the provider's list that decides, if there is one;
// else nobody but the provider knows, and the name is taken for good.
func (g *Gateway) model(ctx context.Context, name string) (provider.Model, bool) {
	byPool := g.providerModels(ctx)
	list := g.list(byPool)
	if m, ok := list[name]; ok {
		return m, true
	}
	if m, ok := newest(list, name); ok {
		return m, true
	}
	route, ok := g.cfg.Document.Route(name)
	if !ok {
		return provider.Model{}, false
	}
	first := route.Targets[0]
	_, told := byPool[first.Pool]
	return provider.Model{ID: name, Owner: first.Pool}, !told || first.Model != ""
}

// newest finds the last of the models that are named so and by their date, as
// claude-haiku-4-5-20251001: Anthropic lists them by that, and takes the name
// without it for the newest (Anthropic docs, api/models).
func newest(list map[string]provider.Model, name string) (found provider.Model, ok bool) {
	for id, m := range list {
		date, dated := strings.CutPrefix(id, name+"-")
		if dated && len(date) == len("20060102") && strings.Trim(date, "0123456789") == "" && id > found.ID {
			found, ok = m, true
		}
	}
	return found, ok
}

func unlistedModel(name string) *apiError {
	return &apiError{status: 404, kind: "invalid_request_error", code: "model_not_found", param: "model", final: true,
		message: fmt.Sprintf("The model %q is not on this gateway's list. GET /v1/models shows it.", clip(name))}
}
