package peerconfig

import (
	"fmt"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

// vault turns the credentials of a peer's document into references.
type vault struct {
	refPrefix string
	// reference makes a reference of the name behind refPrefix; nil means an
	// environment variable.
	reference func(name string) string
	taken     map[string]bool   // names of variables
	made      map[string]string // variable by literal secret
	asked     map[string]string // variable by what it is for
}

// newVault collects the names that the document refers to, so that none of
// them is given to a secret that needs a name.
func newVault(root *value, refPrefix string) vault {
	v := vault{refPrefix: refPrefix, taken: map[string]bool{}, made: map[string]string{}, asked: map[string]string{}}
	if refPrefix != "" {
		v.collect(root)
	}
	return v
}

func (va *vault) collect(v *value) {
	if name, ok := strings.CutPrefix(v.scalar, va.refPrefix); ok {
		va.taken[name] = true
	}
	for _, item := range v.items {
		va.collect(item)
	}
}

// refName returns the name that a text refers to, "" when it is no reference.
func (va *vault) refName(s string) string {
	name, ok := strings.CutPrefix(s, va.refPrefix)
	if !ok || va.refPrefix == "" {
		return ""
	}
	return name
}

// credential returns the reference for the credential at v: that which the
// document has, or for a literal one that of a variable named after owner.
func (im *importer) credential(v *value, owner string) string {
	s := v.text()
	if name := im.vault.refName(s); name != "" {
		ref := secret.SchemeEnv + ":" + name
		if im.vault.reference != nil {
			ref = im.vault.reference(name)
		}
		if _, err := secret.ParseRef(ref); err == nil {
			return ref
		}
	}
	variable, known := im.vault.made[s]
	if !known {
		variable = im.vault.variable(owner)
		im.vault.made[s] = variable
	}
	im.note(Secret, v, "stands here in clear and was not copied: put it into the environment variable %s", variable)
	return secret.SchemeEnv + ":" + variable
}

// asked returns a reference to a variable that somebody has to fill with what
// the document does not hold; the same one for the same id.
func (im *importer) asked(v *value, id, owner, what string) string {
	variable, known := im.vault.asked[id]
	if !known {
		variable = im.vault.variable(owner)
		im.vault.asked[id] = variable
		im.note(Secret, v, "put %s into the environment variable %s", what, variable)
	}
	return secret.SchemeEnv + ":" + variable
}

// keyless returns the reference for a server that asks for no key; Fallow
// wants one for each pool all the same.
func (im *importer) keyless(v *value, e endpoint) string {
	return im.asked(v, e.baseURL, e.vendor.name, "any text, as its server asks for no key,")
}

// variable makes the name of a variable that is not taken: OPENAI_KEY_1.
func (va *vault) variable(owner string) string {
	prefix := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(slug(owner, "provider")))
	if prefix[0] >= '0' && prefix[0] <= '9' {
		prefix = "P" + prefix
	}
	for i := 1; ; i++ {
		if name := fmt.Sprintf("%s_KEY_%d", prefix, i); !va.taken[name] {
			va.taken[name] = true
			return name
		}
	}
}
