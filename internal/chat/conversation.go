package chat

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tidwall/gjson"
)

// Conversation is a key that stays the same over the turns of one conversation
// and across processes, so that a conversation can prefer the quota group whose
// prompt cache knows it. It is 32 hexadecimal digits that show nothing of the
// conversation.
//
// It is made of what a client repeats in each turn and a provider's cache begins
// with: the tools, what system and developer say before the first user turn, and
// that turn. Of messages only role and content count, and cache markers do not,
// because clients move the marker along with the newest turn. A client that
// knows better says so by prompt_cache_key, which then stands alone.
//
// SHA-256 is taken because it is stable, unlike hash/maphash, and with the
// instructions for it that x86-64 and arm64 have no slower than FNV.
func (r *Request) Conversation() string {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 1<<10) // lets strings be hashed without a copy of each; one of 4 KB would be a fifth of what a request allocates
	if key := r.Get("prompt_cache_key"); key.Type == gjson.String && key.Str != "" {
		hashParts(w, "key", key.Str)
	} else {
		hashParts(w, "tools", r.Get("tools").Raw)
		hashOpening(w, r.Get("messages"))
	}
	_ = w.Flush() // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// hashOpening goes no further than the first user turn: what follows grows.
func hashOpening(w *bufio.Writer, messages gjson.Result) {
	messages.ForEach(func(_, message gjson.Result) bool {
		role, content := opener(message.Raw)
		switch role {
		case "system", "developer", "user":
			hashParts(w, role)
			hashContent(w, content)
		}
		return role != "user"
	})
}

func opener(message string) (role, content string) {
	for name, value := range Members(message) {
		switch name {
		case "role":
			role = strings.Trim(value, `"`)
		case "content":
			content = value
		}
	}
	return role, content
}

// hashContent takes a string and a single text part for the same: clients write
// the former as the latter when they want to attach a cache marker.
func hashContent(w *bufio.Writer, content string) {
	if !strings.HasPrefix(content, "[") {
		hashParts(w, "text", content)
		return
	}
	gjson.Parse(content).ForEach(func(_, part gjson.Result) bool {
		if !part.IsObject() {
			hashParts(w, part.Raw)
			return true
		}
		for name, value := range Members(part.Raw) {
			if belongs(name, value) {
				hashParts(w, name, value)
			}
		}
		return true
	})
}

// belongs reports whether a member of a content part is part of what is said.
func belongs(name, value string) bool {
	switch name {
	case "cache_control", "prompt_cache_breakpoint":
		return false
	case "type":
		return value != `"text"`
	}
	return true
}

// hashParts writes each part with an end that JSON cannot hold, so that two
// different sequences are never the same bytes.
func hashParts(w *bufio.Writer, parts ...string) {
	for _, part := range parts {
		_, _ = w.WriteString(part)
		_ = w.WriteByte(0)
	}
}
