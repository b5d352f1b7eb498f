package openai

import (
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// readUsage reads a usage object. prompt_tokens includes what was read from and
// written to the cache, completion_tokens includes reasoning (OpenAI's
// specification, CompletionUsage); DeepSeek names its cache reads otherwise.
func readUsage(u gjson.Result) upstream.Usage {
	prompt := count(u, "prompt_tokens")
	read := max(count(u, "prompt_tokens_details.cached_tokens"), count(u, "prompt_cache_hit_tokens"))
	written := count(u, "prompt_tokens_details.cache_write_tokens")
	return upstream.Usage{
		InputTokens:      max(prompt-read-written, 0),
		CacheReadTokens:  read,
		CacheWriteTokens: written,
		OutputTokens:     count(u, "completion_tokens"),
		ReasoningTokens:  count(u, "completion_tokens_details.reasoning_tokens"),
	}
}

// maxCount keeps sums of counts within an int64 whatever a server sends.
const maxCount = 1 << 40

// count takes whatever is no sensible number for 0.
func count(u gjson.Result, path string) int64 {
	v := u.Get(path)
	if v.Type != gjson.Number || !(v.Num > 0) {
		return 0
	}
	return int64(min(v.Num, maxCount))
}
