package messages

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// appendUsage writes a usage object. Like ours, Anthropic's input_tokens leaves
// out what was read from the cache or written to it.
func appendUsage(dst []byte, u upstream.Usage) []byte {
	dst = strconv.AppendInt(append(dst, `{"input_tokens":`...), u.InputTokens, 10)
	dst = strconv.AppendInt(append(dst, `,"cache_creation_input_tokens":`...), u.CacheWriteTokens, 10)
	dst = strconv.AppendInt(append(dst, `,"cache_read_input_tokens":`...), u.CacheReadTokens, 10)
	dst = strconv.AppendInt(append(dst, `,"output_tokens":`...), u.OutputTokens, 10)
	if u.CacheWriteTokens > 0 {
		dst = strconv.AppendInt(append(dst, `,"cache_creation":{"ephemeral_5m_input_tokens":`...), u.CacheWriteTokens-u.CacheWriteHourTokens, 10)
		dst = strconv.AppendInt(append(dst, `,"ephemeral_1h_input_tokens":`...), u.CacheWriteHourTokens, 10)
		dst = append(dst, '}')
	}
	if u.ReasoningTokens > 0 {
		dst = strconv.AppendInt(append(dst, `,"output_tokens_details":{"thinking_tokens":`...), u.ReasoningTokens, 10)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
