package responses

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Conversation is a key that stays the same over the turns of one conversation
// and across processes, so that a conversation can prefer the quota group whose
// prompt cache knows it. It is 32 hexadecimal digits that show nothing of the
// conversation.
//
// It is the client's prompt_cache_key if there is one, which Codex sends with
// every turn. Else it is made of what each turn repeats and the cache begins
// with: instructions, tools, and the input up to the first that a user says. To
// stop at the first item would make one of all conversations that begin with the
// same developer message, and send them all to one quota group.
func (r *Request) Conversation() string {
	h := sha256.New()
	w := hasher{bufio.NewWriter(h)} // lets strings be hashed without a copy of each
	if key := r.Get("prompt_cache_key"); isText(key) {
		w.parts("key", key.Str)
	} else {
		w.parts("instructions", r.Get("instructions").Raw, "tools", r.Get("tools").Raw)
		w.opening(r.Get("input"))
	}
	_ = w.Flush() // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:16])
}

type hasher struct{ *bufio.Writer }

// opening goes no further than the first user message: what follows grows.
func (w hasher) opening(input gjson.Result) {
	if isString(input) {
		w.parts("user", "text", input.Raw)
		return
	}
	input.ForEach(func(_, item gjson.Result) bool {
		role := item.Get("role").Str
		if role != "" && role != "assistant" {
			w.parts(role)
			w.content(item.Get("content"))
		}
		return role != "user"
	})
}

// content takes a string and a single text part for the same, since clients
// write either, also of the same text in different turns.
func (w hasher) content(v gjson.Result) {
	if isString(v) {
		w.parts("text", v.Raw)
		return
	}
	v.ForEach(func(_, part gjson.Result) bool {
		if !part.IsObject() {
			w.parts(part.Raw)
			return true
		}
		for name, value := range chat.Members(part.Raw) {
			if belongs(name, value) {
				w.parts(name, value)
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
		return value != `"input_text"`
	}
	return true
}

// parts writes each part with an end that JSON cannot hold, so that two
// different sequences are never the same bytes.
func (w hasher) parts(parts ...string) {
	for _, part := range parts {
		_, _ = w.WriteString(part)
		_ = w.WriteByte(0)
	}
}
