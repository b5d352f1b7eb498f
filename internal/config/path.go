package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fallow-dev/fallow/internal/secret"
)

// join leads from path to a key of the map there. Keys with other characters
// than names have are quoted: models["gpt-5.5"].
func join(path, key string) string {
	switch {
	case secret.LooksLikeSecret(key):
		return path + "[redacted]"
	case key == "" || strings.ContainsFunc(key, unusual):
		return path + "[" + strconv.QuoteToASCII(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

func unusual(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// item leads from path to an entry of the list there.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// parent undoes join and item; the parent of a first key is "". Quotes inside
// a quoted key are escaped, so the last `["` is where it begins.
func parent(path string) string {
	if strings.HasSuffix(path, `"]`) {
		return path[:strings.LastIndex(path, `["`)]
	}
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// show quotes a value for a message, unless it is long or may be a credential.
func show(value string) string {
	if len(value) > 80 || secret.LooksLikeSecret(value) {
		return fmt.Sprintf("a text of %d characters", len(value))
	}
	return strconv.QuoteToASCII(value)
}
