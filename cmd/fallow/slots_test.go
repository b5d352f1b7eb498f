package main

import (
	"slices"
	"testing"

	"github.com/fallow-dev/fallow/internal/config"
)

// TestEdgeSecretsHaveNames by which a person can set them, and which no client's
// name can be.
func TestEdgeSecretsHaveNames(t *testing.T) {
	t.Parallel()
	slots := slotsOf(&config.Config{Clients: config.Clients{
		Tokens:      []config.Token{{Name: "edge", Secret: "env:TOKEN"}},
		EdgeSecrets: []string{"secretsmanager:fallow/clients#edge", "secretsmanager:fallow/clients#edge_next"},
	}})
	var names []string
	for _, s := range slots {
		names = append(names, s.Name)
	}
	if want := []string{"clients/edge", "clients/edge/1", "clients/edge/2"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	for name, field := range map[string]string{"clients/edge/2": "edge_next", "edge/1": "edge", "edge_next": "edge_next"} {
		if s, err := pick(slots, name); err != nil || s.Ref.Field != field {
			t.Errorf("%s means %+v (%v), want the field %s", name, s, err, field)
		}
	}
}
