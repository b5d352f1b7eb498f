package upstream

import "strings"

// Mentions reports whether all parts, in lower case, occur in a provider's text
// in whatever case. Some refusals differ from others in their wording alone.
func Mentions(text string, parts []string) bool {
	text = strings.ToLower(text)
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
