package anthropic

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// usage is upstream.Usage with what only this provider counts.
type usage struct {
	upstream.Usage
	// write5m is the rest of CacheWriteTokens beside CacheWriteHourTokens.
	write5m int64
	// searches and fetches are those of the hosted tools, paid for each.
	searches, fetches int64
}

// merge takes over the counts that are present and not null. In a stream
// message_start brings the input and each message_delta repeats, cumulatively,
// what it knows better. "iterations" repeats parts of the sum and is not read.
func (u *usage) merge(v gjson.Result) {
	v.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "input_tokens":
			setCount(&u.InputTokens, v)
		case "cache_read_input_tokens":
			setCount(&u.CacheReadTokens, v)
		case "cache_creation_input_tokens":
			setCount(&u.CacheWriteTokens, v)
		case "cache_creation":
			setCount(&u.write5m, v.Get("ephemeral_5m_input_tokens"))
			setCount(&u.CacheWriteHourTokens, v.Get("ephemeral_1h_input_tokens"))
		case "output_tokens":
			setCount(&u.OutputTokens, v)
		case "output_tokens_details":
			setCount(&u.ReasoningTokens, v.Get("thinking_tokens"))
		case "server_tool_use":
			setCount(&u.searches, v.Get("web_search_requests"))
			setCount(&u.fetches, v.Get("web_fetch_requests"))
		}
		return true
	})
}

func setCount(to *int64, v gjson.Result) {
	if v.Type == gjson.Number {
		*to = max(0, v.Int())
	}
}

// append writes OpenAI's usage object. Its prompt_tokens are all tokens of the
// prompt, while Anthropic's input_tokens are only those behind the last cache
// breakpoint. What OpenAI does not count follows under Anthropic's names.
func (u *usage) append(dst []byte) []byte {
	prompt := u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens
	dst = appendCount(dst, `{"prompt_tokens":`, prompt)
	dst = appendCount(dst, `,"completion_tokens":`, u.OutputTokens)
	dst = appendCount(dst, `,"total_tokens":`, prompt+u.OutputTokens)
	dst = appendCount(dst, `,"prompt_tokens_details":{"cached_tokens":`, u.CacheReadTokens)
	dst = appendCount(dst, `,"cache_write_tokens":`, u.CacheWriteTokens)
	dst = appendCount(dst, `},"completion_tokens_details":{"reasoning_tokens":`, u.ReasoningTokens)
	dst = append(dst, '}')
	if u.CacheWriteHourTokens > 0 {
		dst = appendCount(dst, `,"cache_creation":{"ephemeral_5m_input_tokens":`, u.write5m)
		dst = append(appendCount(dst, `,"ephemeral_1h_input_tokens":`, u.CacheWriteHourTokens), '}')
	}
	if u.searches+u.fetches > 0 {
		dst = appendCount(dst, `,"server_tool_use":{"web_search_requests":`, u.searches)
		dst = append(appendCount(dst, `,"web_fetch_requests":`, u.fetches), '}')
	}
	return append(dst, '}')
}

func appendCount(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(dst, name...), n, 10)
}
