package prom

import "testing"

// TestUnknownFamilies: a family that the catalogue does not have, or has of
// another kind, cannot be made.
func TestUnknownFamilies(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"fallow_unheard_of_total", "fallow_build_info"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was made a counter", name)
				}
			}()
			registrar{families: families()}.counter(name)
		}()
	}
}
