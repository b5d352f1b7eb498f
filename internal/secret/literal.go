package secret

import "strings"

// prefixes begin the credentials of providers and of AWS. They are what
// people paste by mistake.
var prefixes = []string{"sk-", "sk_", "AIza", "AKIA", "ASIA", "gsk_", "xai-", "pplx-", "hf_", "ABSK", "Bearer "}

// LooksLikeSecret reports whether s is probably a credential and not a name:
// it begins as the providers' keys do, or it is long and without the order that
// names have. It errs in both directions, so it decides what an error message
// may repeat and warns of slips; it is no protection.
func LooksLikeSecret(s string) bool {
	for _, p := range prefixes {
		if len(s) >= len(p)+8 && strings.HasPrefix(s, p) {
			return true
		}
	}
	return len(s) >= 32 && (mixed(s) || hex(s))
}

// mixed wants both cases and a digit in one unbroken run: names of variables
// keep to one case, names of secrets and paths have separators.
func mixed(s string) bool {
	return made(s, 32, len(s), "") && strings.ContainsFunc(s, isLower) &&
		strings.ContainsFunc(s, isUpper) && strings.ContainsFunc(s, isDigit)
}

func hex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !isDigit(r) && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
	})
}
