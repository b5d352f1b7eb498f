package estimate

import "strings"

// Anthropic returns the formula of a Claude model, by the name that any cloud
// gives it. A model it does not know is taken for one of the newest.
//
// An image costs a token for each 28 by 28 pixels, up to a size above which it
// is scaled down: 1568 pixels a side and 1568 tokens, since Opus 4.7 2576 pixels
// and 4784 tokens. (Anthropic docs, build-with-claude/vision. Its older form,
// width x height / 750, is the same within 5 %.) The client's wish for less
// detail has no counterpart.
//
// A page of a PDF is read as an image and as text: 1,600 tokens for a scan,
// 2,100 to 2,500 with text (third-party measurement on Haiku 4.5 and the 5.5
// models; Anthropic's docs say 1,500 to 3,000 and the image). Tools bring a
// system prompt of 290 to 675 tokens (agents-and-tools/tool-use).
func Anthropic(model string) Formula {
	edge, most := 2576, 4784
	if lowResolution(model) {
		edge, most = 1568, 1568
	}
	return Formula{Message: 4, Tools: 450, Page: 2200, Image: func(p Picture) int64 {
		return patches(p, 28, edge, most)
	}}
}

// lowResolution reports whether a model is older than Opus 4.7.
func lowResolution(model string) bool {
	for _, line := range [...]string{"claude-opus-4-7", "claude-opus-4-8"} {
		if strings.Contains(model, line) {
			return false
		}
	}
	for _, line := range [...]string{"claude-3", "claude-opus-4", "claude-sonnet-4", "claude-haiku-4"} {
		if strings.Contains(model, line) {
			return true
		}
	}
	return false
}
