package messages

import (
	"strings"

	"github.com/fallow-dev/fallow/internal/provider"
)

// errorTypes are Anthropic's, by HTTP status. (Anthropic docs, api/errors.)
var errorTypes = map[int]string{
	400: "invalid_request_error",
	401: "authentication_error",
	402: "billing_error",
	403: "permission_error",
	404: "not_found_error",
	413: "request_too_large",
	429: "rate_limit_error",
	500: "api_error",
	504: "timeout_error",
	529: "overloaded_error",
}

// statuses are those of the gateway's types and codes for which this API has a
// status of its own.
var statuses = map[string]int{
	"insufficient_quota":        402,
	"server_is_overloaded":      529,
	"service_unavailable_error": 529,
}

// ErrorStatus is the status under which this API reports an error for which the
// gateway has a status and a kind, its type or code: 529 where OpenAI's has 503 for
// want of capacity, 402 where it has 429 for want of money, and otherwise the same.
func ErrorStatus(status int, kind string) int {
	if special, ok := statuses[kind]; ok {
		return special
	}
	return status
}

// errorType is Anthropic's type for an error.
func errorType(status int, kind string) string {
	status = ErrorStatus(status, kind)
	if t, ok := errorTypes[status]; ok {
		return t
	}
	if 400 <= status && status <= 499 {
		return "invalid_request_error"
	}
	return "api_error"
}

// overflow is the wording of Anthropic's by which Claude Code knows that it must
// compact the conversation. (Claude Code docs, llm-gateway-protocol.)
const overflow = "prompt is too long"

// ErrorBody is an error in this API's shape. status and kind are the gateway's, as
// for ErrorStatus; a status of 0 stands for an error without one, as in a stream.
// The message is given as it is, but for one about the context window: other
// providers' words for it are put behind Anthropic's.
func ErrorBody(status int, kind, message, requestID string) []byte {
	if kind == "context_length_exceeded" && !strings.Contains(strings.ToLower(message), overflow) {
		message = overflow + ": " + message
	}
	b := append([]byte(`{"type":"error","error":{"type":"`), errorType(status, kind)...)
	b = appendString(append(b, `","message":`...), message)
	b = appendString(append(b, `},"request_id":`...), requestID)
	return append(b, '}')
}

// ErrorEvent is the event that ends a stream which failed after its status was
// sent; its parameters are those of ErrorBody. Nothing may follow it.
func ErrorEvent(status int, kind, message, requestID string) provider.Chunk {
	return provider.Chunk{Event: "error", Data: ErrorBody(status, kind, message, requestID)}
}
