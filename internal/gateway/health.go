package gateway

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/fallow-dev/fallow/internal/secret"
)

// healthz says that the process lives.
func (g *Gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether requests can be served: the config is loaded, or we would
// not be here; every pool has a key whose secret can be read; clients can be
// told apart. Operators are told by name what is missing, never a secret;
// others only that something is.
func (g *Gateway) readyz(w http.ResponseWriter, r *http.Request) {
	readable := func(ref secret.Ref) bool {
		v, err := g.cfg.Secrets.Get(r.Context(), ref)
		return err == nil && !v.Empty()
	}
	missing := []string{}
	ready := true
	for name, u := range g.cfg.Upstreams {
		usable := 0
		for key, ref := range u.Keys {
			if readable(ref) {
				usable++
			} else {
				missing = append(missing, "pools."+name+".keys."+key)
			}
		}
		ready = ready && usable > 0
	}
	for _, c := range g.clients {
		if !readable(c.ref) {
			missing = append(missing, "clients.tokens."+c.name)
			ready = false
		}
	}
	slices.Sort(missing)
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
		g.cfg.Log.Warn("not ready", "missing_secrets", missing)
	}
	answer := map[string]any{"ready": ready}
	if g.authorizeAdmin(r) == nil {
		answer["missing_secrets"] = missing
	}
	writeJSON(w, status, answer)
}

// notFound answers paths that are not served.
func (g *Gateway) notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, shapeOf(r), &apiError{status: 404, kind: "invalid_request_error", code: "not_found", final: true,
		message: "There is no " + r.Method + " " + r.URL.Path + " here. Served are POST /v1/chat/completions, /v1/messages, /v1/responses and more, and GET /v1/models; the base URL for OpenAI SDKs ends in /v1, that for Anthropic SDKs does not."})
}

// wrongMethod answers the other methods of a path that is served.
func wrongMethod(served string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", served)
		writeError(w, shapeOf(r), badMethod(r.Method, served))
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}
