package overhead

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Upstream is the provider behind all contestants. It speaks OpenAI's dialect
// as far as the benchmark asks, answers at once and always the same, and tells
// limits that nobody reaches, as real providers do.
func Upstream() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		body.Grow(int(max(0, min(r.ContentLength, 1<<20))) + bytes.MinRead)
		if _, err := io.Copy(&body, r.Body); err != nil {
			return
		}
		tellLimits(w.Header())
		if events, pace := ordered(body.Bytes()); events > 0 {
			streamAnswer(w, events, pace)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(wholeAnswer)))
		_, _ = w.Write(wholeAnswer)
	})
}

// tellLimits sets the headers of api.openai.com (OpenAI docs, guides/rate-limits).
func tellLimits(h http.Header) {
	for _, what := range []string{"Requests", "Tokens"} {
		h.Set("X-Ratelimit-Limit-"+what, "1000000000")
		h.Set("X-Ratelimit-Remaining-"+what, "999999999")
		h.Set("X-Ratelimit-Reset-"+what, "1ms")
	}
}

// streamAnswer sends events, each by itself, at moments that do not depend on how long
// the ones before took.
func streamAnswer(w http.ResponseWriter, events int, pace time.Duration) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	began := time.Now()
	for i := range events {
		if pace > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(i) * pace)))
		}
		if _, err := w.Write(event); err != nil {
			return
		}
		_ = flush.Flush() // a failure shows in the next write
	}
	_, _ = w.Write(lastEvents)
}

// The answers. Their sizes are those of a short one.
var (
	wholeAnswer = fmt.Appendf(nil, `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":%q,`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],%s}`,
		Model, strings.TrimSpace(strings.Repeat("It looks right to me. ", 24)), usage)
	event = fmt.Appendf(nil, "data: "+chunkHead+`"delta":{"content":" looks"},"finish_reason":null}]}`+"\n\n", Model)
	// With the last of the content its reason, then the count, then the mark.
	lastEvents = fmt.Appendf(nil, "data: "+chunkHead+`"delta":{},"finish_reason":"stop"}]}`+"\n\n"+
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":%q,"choices":[],%s}`+"\n\ndata: [DONE]\n\n",
		Model, Model, usage)
)

const (
	chunkHead = `{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":%q,"choices":[{"index":0,`
	usage     = `"usage":{"prompt_tokens":500,"completion_tokens":128,"total_tokens":628}`
)
