package messages

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
)

// attribution begins a text block that Claude Code puts before its system prompt
// and that changes with each request. Anthropic leaves it out of the prompt cache;
// to everybody else it is a prefix that is new each time.
const attribution = "x-anthropic-billing-header:"

// Conversation is a key that stays the same over the turns of one conversation
// and across processes, so that a conversation can prefer the quota group whose
// prompt cache knows it. It is 32 hexadecimal digits that show nothing of the
// conversation.
//
// It is made of what each turn repeats and the cache begins with: tools, system
// and the first user message, that up to its last cache breakpoint if it has any:
// requests that share a marked document and differ in the question behind it are
// better served where the document is known. The breakpoints themselves do not
// count, because clients move them along with the newest turn.
func (r *Request) Conversation() string {
	h := sha256.New()
	w := hasher{bufio.NewWriter(h)} // lets strings be hashed without a copy of each
	w.parts("tools", r.Get("tools").Raw, "system")
	w.content(r.Get("system"), false)
	r.Get("messages").ForEach(func(_, message gjson.Result) bool {
		role := message.Get("role").Str
		if role != "assistant" {
			w.parts(role)
			w.content(message.Get("content"), true)
		}
		return role != "user"
	})
	_ = w.Flush() // a hash never fails
	return hex.EncodeToString(h.Sum(nil)[:16])
}

type hasher struct{ *bufio.Writer }

// content takes a string and a single text block for the same: clients write the
// former as the latter when they want to attach a breakpoint.
func (w hasher) content(v gjson.Result, toBreakpoint bool) {
	if isString(v) {
		w.parts("text", v.Raw)
		return
	}
	blocks := v.Array()
	for _, b := range blocks[:reach(blocks, toBreakpoint)] {
		if isAttribution(b) {
			continue
		}
		for name, value := range chat.Members(b.Raw) {
			if name != "cache_control" && (name != "type" || value != `"text"`) {
				w.parts(name, value)
			}
		}
	}
}

// reach is how many blocks count.
func reach(blocks []gjson.Result, toBreakpoint bool) int {
	if toBreakpoint {
		for i := len(blocks) - 1; i >= 0; i-- {
			if given(blocks[i].Get("cache_control")) {
				return i + 1
			}
		}
	}
	return len(blocks)
}

func isAttribution(block gjson.Result) bool {
	return strings.HasPrefix(block.Get("text").Str, attribution)
}

// parts writes each part with an end that JSON cannot hold, so that two different
// sequences are never the same bytes.
func (w hasher) parts(parts ...string) {
	for _, part := range parts {
		_, _ = w.WriteString(part)
		_ = w.WriteByte(0)
	}
}
