package openai

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// refusal is an error object, read leniently: what is missing or of another type
// is empty.
type refusal struct {
	kind, code, message string
	// limitSource is OpenRouter's word for which limit a 402 is about.
	limitSource string
	// flagged says that OpenRouter's moderation refused the input.
	flagged bool
	// retryDelay is from Google's RetryInfo; 0 when there is none.
	retryDelay time.Duration
	// resetAt is OpenRouter's copy of a header, a date in Unix milliseconds.
	resetAt string
}

// readRefusal reads the body of a refusal, which may be cut off or no JSON.
func readRefusal(body []byte) refusal {
	return refusalIn(unwrap(gjson.ParseBytes(body)))
}

// unwrap takes an error out of the list that Gemini's compatible endpoint puts it in.
func unwrap(doc gjson.Result) gjson.Result {
	if doc.IsArray() {
		return doc.Get("0")
	}
	return doc
}

// refusalIn knows the shapes of compatible servers: {"error":{…}} as OpenAI has
// it, {"error":"text"} (Ollama, Hugging Face, xAI), the error's fields at the top
// (vLLM, Mistral), and {"detail":"text"} (FastAPI), where a list of details
// tells of fields that are wrong.
func refusalIn(doc gjson.Result) refusal {
	e := doc.Get("error")
	text := e.Str
	if !e.IsObject() {
		e = doc
	}
	for _, field := range messageFields {
		if text == "" {
			text = e.Get(field).Str
		}
	}
	return refusal{
		kind:        first(e.Get("type"), e.Get("error_type")),
		code:        first(e.Get("code"), e.Get("status")),
		message:     text,
		limitSource: e.Get("metadata.limit_source").Str,
		flagged:     e.Get("metadata.flagged_input").Exists(),
		retryDelay:  retryInfo(e.Get("details")),
		resetAt:     e.Get("metadata.headers.X-RateLimit-Reset").String(),
	}
}

// messageFields are paths to the text, the likeliest first.
var messageFields = []string{"message", "detail", "detail.0.msg", "message.detail.0.msg"}

// first returns the first that is a string or a number. Groq, OpenRouter and
// vLLM send codes as numbers.
func first(values ...gjson.Result) string {
	for _, v := range values {
		if v.Type == gjson.String && v.Str != "" || v.Type == gjson.Number {
			return v.String()
		}
	}
	return ""
}

// retryInfo reads google.rpc.RetryInfo, which Gemini sends in place of a header.
func retryInfo(details gjson.Result) (delay time.Duration) {
	details.ForEach(func(_, detail gjson.Result) bool {
		if d, err := time.ParseDuration(detail.Get("retryDelay").Str); err == nil {
			delay = provider.ClampRetryAfter(d)
		}
		return delay == 0
	})
	return delay
}

func (r refusal) said() bool { return r.kind != "" || r.code != "" || r.message != "" }

// status is the HTTP status that a numeric code stands for; 0 for other codes.
func (r refusal) status() int {
	if n, err := strconv.Atoi(r.code); err == nil && 400 <= n && n <= 599 {
		return n
	}
	return 0
}

// maxMessage bounds the text that we keep and pass on.
const maxMessage = 2 << 10

func (r refusal) text(status int) string {
	if r.message == "" {
		return strings.TrimSuffix(fmt.Sprintf("the provider gave no reason (%s)", strings.ToLower(http.StatusText(status))), " ()")
	}
	message := upstream.Redact(r.message)
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return strings.Clone(message) // the original is part of the whole body
}
