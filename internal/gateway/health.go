package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/fallow-dev/fallow/internal/secret"
)

// InForce says by which document a gateway serves.
type InForce struct {
	// Source is "file" for the document that the process was deployed with, and
	// "table" for a revision; the words of admin.config.source.
	Source string `json:"source"`
	// Revision is its number in the table; 0 for the file.
	Revision int64 `json:"revision,omitempty"`
	// Hash names its text as config.Revision does; empty where nobody follows
	// revisions.
	Hash string `json:"hash,omitempty"`
	// Applied is when the revision was written; zero for the file.
	Applied time.Time `json:"applied,omitzero"`
	// Since is when this process began to serve by it. Each instance has its own.
	Since time.Time `json:"since,omitzero"`
}

// healthz says that the process lives.
func (g *Gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether requests can be served: the config is loaded, or we would
// not be here; every pool has a key whose secret can be read; clients can be
// told apart. Operators are told by name what is missing, never a secret, and
// which document is in force; others only that something is missing. Who wrote a
// revision and why stands in the history, which not every holder of the admin
// token may read.
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
	if lacks := g.edgeLacks(readable); len(lacks) > 0 {
		missing = append(missing, lacks...)
		ready = ready && len(lacks) < len(g.edge) // one that can be read is enough
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
		if g.cfg.InForce != nil {
			answer["config"] = g.cfg.InForce()
		}
	}
	writeJSON(w, status, answer)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}
