package simprovider

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// maxControl bounds the body of a control request.
const maxControl = 1 << 20

// control adds what lets other processes steer the simulation.
func (p *Provider) control(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, p.Stats()) })
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) { reply(w, p.faults.List(p.now())) })
	mux.HandleFunc("POST /_sim/faults", p.postFault)
	mux.HandleFunc("DELETE /_sim/faults", p.deleteFaults)
	mux.HandleFunc("POST /_sim/keys", p.postKeys)
	mux.HandleFunc("POST /_sim/reset", func(w http.ResponseWriter, _ *http.Request) {
		p.Reset()
		reply(w, struct{}{})
	})
}

// postFault injects the fault in the body; its id comes back.
func (p *Provider) postFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !decode(w, r, &f) {
		return
	}
	id, err := p.faults.Inject(f, p.now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, map[string]string{"id": id})
}

// deleteFaults clears the fault named by ?id=, or all without it.
func (p *Provider) deleteFaults(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	if !p.Clear(id) && id != "" {
		http.Error(w, fmt.Sprintf("no fault %q is in force", id), http.StatusNotFound)
		return
	}
	reply(w, struct{}{})
}

// keyChange is the body of POST /_sim/keys: a rotation, in one step.
type keyChange struct {
	Accept []struct {
		Organisation string `json:"organisation"`
		Key          string `json:"key"`
	} `json:"accept"`
	Revoke []string `json:"revoke"`
}

// postKeys rotates keys; new ones are accepted before old ones are revoked.
func (p *Provider) postKeys(w http.ResponseWriter, r *http.Request) {
	var change keyChange
	if !decode(w, r, &change) {
		return
	}
	for _, a := range change.Accept {
		if err := p.Accept(a.Organisation, a.Key); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	for _, key := range change.Revoke {
		p.Revoke(key)
	}
	reply(w, struct{}{})
}

func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		http.Error(w, "body: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // a client that is gone needs no error
}
