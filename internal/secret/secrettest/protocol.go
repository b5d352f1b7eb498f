package secrettest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// request holds the fields of all calls; each uses some.
type request struct {
	SecretID     string  `json:"SecretId"`
	SecretString *string `json:"SecretString"`
	SecretBinary []byte  `json:"SecretBinary"`

	VersionStages       []string `json:"VersionStages"`
	VersionStage        string   `json:"VersionStage"`
	MoveToVersionID     string   `json:"MoveToVersionId"`
	RemoveFromVersionID string   `json:"RemoveFromVersionId"`
}

// answer is the shape of every success. The protocol writes times as seconds
// since the epoch.
type answer struct {
	ARN           string   `json:"ARN"`
	Name          string   `json:"Name"`
	VersionID     string   `json:"VersionId"`
	VersionStages []string `json:"VersionStages"`
	CreatedDate   float64  `json:"CreatedDate,omitempty"`
	SecretString  *string  `json:"SecretString,omitempty"`
	SecretBinary  []byte   `json:"SecretBinary,omitempty"`
}

// fault is an error as the protocol has it.
type fault struct {
	status  int
	Type    string `json:"__type"`
	Message string `json:"Message"`
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
		reply(w, http.StatusBadRequest, &fault{Type: "SerializationException", Message: "the body is not JSON"})
		return
	}
	out, f := s.call(r.Context(), strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager."), in)
	if f != nil {
		reply(w, f.status, f)
		return
	}
	reply(w, http.StatusOK, out)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left needs no answer
}

func (s *Server) call(ctx context.Context, name string, in request) (*answer, *fault) {
	if name == "GetSecretValue" {
		s.await(ctx, in.SecretID)
	}
	s.mu.Lock()
	down, v := s.down, s.secrets[in.SecretID]
	s.mu.Unlock()
	switch {
	case down:
		return nil, &fault{http.StatusInternalServerError, "InternalServiceError", "the service is down"}
	case v == nil:
		return nil, &fault{http.StatusBadRequest, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret."}
	case v.deleted:
		return nil, &fault{http.StatusBadRequest, "InvalidRequestException",
			"You can't perform this operation on the secret because it was marked for deletion."}
	case name == "GetSecretValue":
		return v.answer(true), nil
	case name == "PutSecretValue" && len(in.VersionStages) > 0 && !slices.Contains(in.VersionStages, current):
		return s.stage(in.SecretID, *in.SecretString).answer(false), nil
	case name == "UpdateSecretVersionStage" && in.VersionStage == current:
		return s.promote(in)
	case name == "PutSecretValue":
		return s.put(in.SecretID, in.SecretString, in.SecretBinary).answer(false), nil
	}
	return nil, &fault{http.StatusBadRequest, "UnknownOperationException", "not emulated: " + name}
}

// await counts a reading and waits if readings are held.
func (s *Server) await(ctx context.Context, id string) {
	s.mu.Lock()
	s.reads[id]++
	hold := s.hold
	s.mu.Unlock()
	if hold == nil {
		return
	}
	select {
	case <-hold:
	case <-ctx.Done():
	}
}

func (v *stored) answer(withSecret bool) *answer {
	a := &answer{ARN: v.arn(), Name: v.name, VersionID: v.id(), VersionStages: []string{current}}
	if withSecret {
		a.SecretString, a.SecretBinary = v.text, v.binary
		a.CreatedDate = float64(v.created.UnixMilli()) / float64(time.Second/time.Millisecond)
	}
	return a
}
