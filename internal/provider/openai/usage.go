package openai

import (
	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/upstream"
)

// readUsage reads a usage object. Chat Completions counts prompt_tokens and
// completion_tokens, the newer APIs input_tokens and output_tokens; the former
// includes what was read from and written to the cache, the latter reasoning.
// (OpenAI's specification, CompletionUsage and ResponseUsage.)
//
// Three servers count otherwise. DeepSeek and Together AI name their cache reads
// differently; xAI and Gemini leave reasoning out of completion_tokens but not
// out of the total (xAI docs, guides/reasoning; seen of Gemini), so that what the
// total has beyond the prompt is output.
func readUsage(u gjson.Result) upstream.Usage {
	in, out := most(u, "prompt_tokens", "input_tokens"), most(u, "completion_tokens", "output_tokens")
	total := count(u, "total_tokens")
	if in == 0 {
		in = max(total-out, 0) // rerankers tell the total alone
	}
	read := most(u, "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "cached_tokens")
	written := most(u, "prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens")
	return upstream.Usage{
		InputTokens:      max(in-read-written, 0),
		CacheReadTokens:  read,
		CacheWriteTokens: written,
		OutputTokens:     max(out, total-in),
		ReasoningTokens:  most(u, "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
	}
}

// most is the largest count at the paths: the others are absent or 0.
func most(u gjson.Result, paths ...string) (n int64) {
	for _, path := range paths {
		n = max(n, count(u, path))
	}
	return n
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
