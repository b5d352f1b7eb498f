package secret_test

import (
	"testing"

	"github.com/fallow-dev/fallow/internal/secret"
)

// TestRole: a cache gives the word like any secret, also when asked for anew.
func TestRole(t *testing.T) {
	t.Parallel()
	c := secret.NewCache(secret.Config{Sources: map[string]secret.Source{secret.SchemeAWS: secret.Role("the role")}})
	ref, err := secret.ParseRef("aws:role")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Get(t.Context(), ref); err != nil || v.Reveal() != "the role" {
		t.Errorf("got %q, %v, want the word", v.Reveal(), err)
	}
	if v, changed, err := c.Renew(t.Context(), ref, secret.New("the role")); err != nil || changed || v.Reveal() != "the role" {
		t.Errorf("renewed: got %q, changed %v, %v, want the same word", v.Reveal(), changed, err)
	}
}
