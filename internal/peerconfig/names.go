package peerconfig

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

// maxSlug leaves room for a number in the 63 characters that a name may have.
const maxSlug = 48

// slug makes a name of Fallow's of a text, or returns fallback when nothing is
// left of it or when it may be a credential: names stand in logs.
func slug(s, fallback string) string {
	if secret.LooksLikeSecret(s) {
		return fallback
	}
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == "" || secret.LooksLikeSecret(name) {
		return fallback
	}
	return name
}

// names hands out names, each once.
type names map[string]bool

func (n names) unique(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	n[free] = true
	return free
}

// The forms of models and routes that config takes.
var (
	modelForm = regexp.MustCompile(`^[!-)+-~]{1,200}$`)
	routeForm = regexp.MustCompile(`^([!-)+-~]{1,199}\*?|\*)$`)
)

func isModel(s string) bool { return modelForm.MatchString(s) && !secret.LooksLikeSecret(s) }
func isRoute(s string) bool { return routeForm.MatchString(s) && !secret.LooksLikeSecret(s) }
