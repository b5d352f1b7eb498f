package anthropic

import (
	"fmt"
	"strconv"
	"strings"
)

// Blocks of hosted tools (a search and its results) are no calls for the
// client, but a later turn may need them: a paused turn goes on only if they
// are sent back. They travel as they are in the extension server_blocks, whose
// items are {"index", "block"}. The index is there for SDKs that put a list
// together from the deltas of a stream by it.

// isServerBlock tells the blocks of hosted tools from the ones that have a
// place in OpenAI's message.
func isServerBlock(kind string) bool {
	switch kind {
	case "tool_use", "tool_result":
		return false
	case "compaction", "container_upload":
		return true
	}
	return strings.HasSuffix(kind, "_tool_use") || strings.HasSuffix(kind, "_tool_result")
}

func isServerCall(kind string) bool { return kind != "tool_use" && strings.HasSuffix(kind, "tool_use") }

func appendServerBlock(dst []byte, raw string, index int) []byte {
	dst = strconv.AppendInt(append(next(dst), `{"index":`...), int64(index), 10)
	return append(append(append(dst, `,"block":`...), raw...), '}')
}

// appendServerBlocks puts the blocks that a client sends back into the
// assistant's turn, before its text: that is where they stood, but for an
// announcement of the search.
func appendServerBlocks(dst []byte, m message) ([]byte, error) {
	for i, item := range m.serverBlocks.Array() {
		block := item.Get("block")
		if !block.IsObject() || !isServerBlock(block.Get("type").Str) {
			return dst, paramError(fmt.Sprintf("%s.server_blocks[%d].block", m.at, i), "must be a block that an answer held")
		}
		dst = append(next(dst), block.Raw...)
	}
	return dst, nil
}
