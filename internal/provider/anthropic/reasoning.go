package anthropic

import (
	"strings"

	"github.com/tidwall/gjson"
)

// appendThoughts turns the reasoning that a client sends back into thinking
// blocks. Two conventions carry the signature without which the provider
// refuses a block: thinking_blocks, which are Anthropic's own, and
// reasoning_details, which this package writes. Reasoning without a signature
// (reasoning_content) is left out, and so is that of another provider, whose
// signature would be refused: a conversation may have begun there.
func appendThoughts(dst []byte, m message) []byte {
	if m.thinkingBlocks.IsArray() {
		for _, b := range m.thinkingBlocks.Array() {
			dst = appendThought(dst, []byte(inner(b.Get("thinking"))), b.Get("signature"), b.Get("data"))
		}
		return dst
	}
	if !m.reasoning.IsArray() {
		return dst
	}
	// A client that only collects deltas sends a text in pieces, the signature
	// last: the pieces since the last signature belong together.
	var text []byte
	for _, d := range m.reasoning.Array() {
		if isForeign(d.Get("format").Str) {
			continue
		}
		text = append(text, inner(d.Get("text"))...)
		before := len(dst)
		dst = appendThought(dst, text, d.Get("signature"), d.Get("data"))
		if len(dst) > before {
			text = text[:0]
		}
	}
	return dst
}

// reasoningFormat marks our reasoning_details. The word is OpenRouter's.
const reasoningFormat = "anthropic-claude-v1"

// isForeign reports whether a format is another provider's. Some SDKs join the
// formats of all deltas of an item, so only the beginning is looked at.
func isForeign(format string) bool {
	return format != "" && format != "unknown" && !strings.HasPrefix(format, "anthropic")
}

// appendThought appends a thinking block if there is a signature, a redacted
// one if there is data instead, and else nothing. text is raw JSON.
func appendThought(dst []byte, text []byte, signature, data gjson.Result) []byte {
	switch {
	case isString(signature) && signature.Str != "":
		dst = append(append(next(dst), `{"type":"thinking","thinking":"`...), text...)
		dst = append(append(dst, `","signature":`...), signature.Raw...)
	case isString(data) && data.Str != "":
		dst = append(append(next(dst), `{"type":"redacted_thinking","data":`...), data.Raw...)
	default:
		return dst
	}
	return append(dst, '}')
}
