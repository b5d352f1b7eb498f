package secrettest

import (
	"fmt"
	"net/http"
)

// current is the label of the version that is read.
const current = "AWSCURRENT"

// stage writes a version beside the current one.
func (s *Server) stage(id, text string) *stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.version(s.secrets[id].name, &text, nil)
	s.staged[v.id()] = v
	return v
}

// promote moves the label of the current version, if it is where the caller
// says. (Secrets Manager API, UpdateSecretVersionStage.)
func (s *Server) promote(in request) (*answer, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, v := s.secrets[in.SecretID], s.staged[in.MoveToVersionID]
	switch {
	case v == nil || v.name != old.name:
		return nil, &fault{http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret version."}
	case old.id() != in.RemoveFromVersionID:
		return nil, &fault{http.StatusBadRequest, "InvalidParameterException",
			"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version " + old.id() + "."}
	}
	delete(s.staged, v.id())
	s.secrets[v.name], s.secrets[v.arn()] = v, v
	return v.answer(false), nil
}

// Text returns the current text of a secret; empty when there is none.
func (s *Server) Text(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.secrets[id]; v != nil && v.text != nil {
		return *v.text
	}
	return ""
}

func (v *stored) id() string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", v.version) }
