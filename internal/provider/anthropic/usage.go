package anthropic

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// mergeUsage takes over the counts that are present and not null. In a stream
// message_start brings the input and each message_delta repeats, cumulatively,
// what it knows better.
func mergeUsage(u *upstream.Usage, v gjson.Result) {
	v.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "input_tokens":
			setCount(&u.InputTokens, v)
		case "cache_read_input_tokens":
			setCount(&u.CacheReadTokens, v)
		case "cache_creation_input_tokens":
			setCount(&u.CacheWriteTokens, v)
		case "output_tokens":
			setCount(&u.OutputTokens, v)
		case "output_tokens_details":
			setCount(&u.ReasoningTokens, v.Get("thinking_tokens"))
		}
		return true
	})
}

func setCount(to *int64, v gjson.Result) {
	if v.Type == gjson.Number {
		*to = max(0, v.Int())
	}
}

// appendUsage writes OpenAI's usage object. Its prompt_tokens are all tokens of
// the prompt, while Anthropic's input_tokens are only those behind the last
// cache breakpoint.
func appendUsage(dst []byte, u upstream.Usage) []byte {
	prompt := u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens
	dst = strconv.AppendInt(append(dst, `{"prompt_tokens":`...), prompt, 10)
	dst = strconv.AppendInt(append(dst, `,"completion_tokens":`...), u.OutputTokens, 10)
	dst = strconv.AppendInt(append(dst, `,"total_tokens":`...), prompt+u.OutputTokens, 10)
	dst = strconv.AppendInt(append(dst, `,"prompt_tokens_details":{"cached_tokens":`...), u.CacheReadTokens, 10)
	dst = strconv.AppendInt(append(dst, `,"cache_write_tokens":`...), u.CacheWriteTokens, 10)
	dst = strconv.AppendInt(append(dst, `},"completion_tokens_details":{"reasoning_tokens":`...), u.ReasoningTokens, 10)
	return append(dst, "}}"...)
}
