package gateway

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/fallow-dev/fallow/internal/pool"
)

// adminPools shows how every pool stands.
func (g *Gateway) adminPools(w http.ResponseWriter, r *http.Request) {
	states := []pool.State{}
	for _, name := range slices.Sorted(maps.Keys(g.cfg.Upstreams)) {
		states = append(states, g.cfg.Upstreams[name].Pool.State(r.Context()))
	}
	writeJSON(w, http.StatusOK, map[string]any{"pools": states})
}

// adminClear ends the rests of a quota group.
func (g *Gateway) adminClear(w http.ResponseWriter, r *http.Request) {
	u, ok := g.cfg.Upstreams[r.PathValue("pool")]
	if !ok {
		writeError(w, openAIShape{}, &apiError{status: 404, kind: "invalid_request_error", code: "unknown_pool", final: true,
			message: "There is no such pool. GET /admin/v1/pools lists them."})
		return
	}
	cleared, err := u.Pool.Clear(r.Context(), r.PathValue("group"))
	var unknown *pool.UnknownGroupError
	switch {
	case errors.As(err, &unknown):
		writeError(w, openAIShape{}, &apiError{status: 404, kind: "invalid_request_error", code: "unknown_group", final: true, message: err.Error()})
	case err != nil:
		g.cfg.Log.Error("clear failed", "error", err)
		writeError(w, openAIShape{}, &apiError{status: 503, kind: "api_error", code: "store_unavailable", message: "The shared state could not be written; nothing more was cleared. Try again."})
	default:
		g.cfg.Log.Info("cleared by an operator", "pool", r.PathValue("pool"), "group", r.PathValue("group"), "rests", cleared)
		writeJSON(w, http.StatusOK, map[string]int{"cleared": cleared})
	}
}

// adminOnly lets operators through: those who hold the admin token or, where
// none is configured, programs on this machine.
func (g *Gateway) adminOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := g.authorizeAdmin(r); err != nil {
			writeError(w, openAIShape{}, err)
			return
		}
		next(w, r)
	}
}

func (g *Gateway) authorizeAdmin(r *http.Request) *apiError {
	if g.cfg.Document.Admin.Secret == "" {
		if g.cfg.LocalAdmin && fromThisMachine(r) {
			return nil
		}
		return forbidden("The admin API is closed: no admin secret is configured. Set admin.secret in the config document.")
	}
	known, err := g.cfg.Secrets.Get(r.Context(), g.admin)
	if err != nil {
		g.cfg.Log.Error("admin secret unreadable", "error", err)
		return unreadable()
	}
	if !anyEqual(tokensOf(r), known) {
		return unauthorized("This needs the admin token as \"Authorization: Bearer TOKEN\".")
	}
	return nil
}
