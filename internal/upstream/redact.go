package upstream

import "strings"

const redacted = "[redacted]"

// idPrefixes begin the tokens that name an account or are a credential:
// organisations, users, projects, workspaces and keys of OpenAI, Anthropic and
// those who follow their forms.
var idPrefixes = []string{
	"org-", "org_", "user-", "proj_", "proj-", "wrkspc_", "sk-", "sk_",
	"AIza", "gsk_", "xai-", "csk-", "fw_", "tgp_", // keys of Google, Groq, xAI, Cerebras, Fireworks, Together AI
}

// minIDTail is the fewest characters after a prefix that make an id of it. The
// shortest real ones have 16; keys that a provider has masked are shorter.
const minIDTail = 8

// Redact returns text with UUIDs and with tokens such as "org-…", "proj_…" and
// "sk-…" replaced by "[redacted]". A provider's message names the organisation
// behind the pool, which is no business of our clients. Request ids that are
// UUIDs go the same way: nothing tells them apart. Text without such a token is
// returned as it is, without allocation.
func Redact(text string) string {
	var out strings.Builder
	kept := 0 // text[:kept] is in out
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && isTokenByte(text[end]) {
			end++
		}
		if end == i {
			i++
			continue
		}
		if isID(text[i:end]) {
			out.WriteString(text[kept:i])
			out.WriteString(redacted)
			kept = end
		}
		i = end
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

func isTokenByte(c byte) bool {
	return c == '-' || c == '_' || c == '*' ||
		'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isID(token string) bool {
	for _, prefix := range idPrefixes {
		if tail, ok := strings.CutPrefix(token, prefix); ok && looksRandom(tail) {
			return true
		}
	}
	return holdsUUID(token)
}

// looksRandom tells an id from the rest of a compound word such as
// "user-specified": it is long and not all in lower-case letters.
func looksRandom(tail string) bool {
	return len(tail) >= minIDTail && strings.ContainsAny(tail, "0123456789*ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// uuidForm is the shape of a UUID: x stands for a hexadecimal digit.
const uuidForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

func holdsUUID(token string) bool {
	for i := 0; i+len(uuidForm) <= len(token); i++ {
		if isUUID(token[i : i+len(uuidForm)]) {
			return true
		}
	}
	return false
}

func isUUID(s string) bool {
	for i := range len(uuidForm) {
		if uuidForm[i] == '-' && s[i] != '-' || uuidForm[i] == 'x' && !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
