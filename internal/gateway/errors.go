package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// apiError is an answer that is not a success, in OpenAI's words. A shape puts
// it into those of the API that was called.
type apiError struct {
	status  int
	kind    string // "type" on the wire
	code    string // stable; clients may branch on it
	param   string
	message string
	// retryAfter is when to come back; 0 says nothing.
	retryAfter time.Duration
	// final says that no retry can help.
	final bool
}

// codeOverloaded is for a provider that has no capacity for anybody.
const codeOverloaded = "server_is_overloaded"

// maxRetryAfter is the longest that SDKs can be asked to wait. Beyond it some
// come back after seconds and some give up, so they are told not to retry.
const maxRetryAfter = time.Minute

// hopeless reports whether nothing that an SDK does soon can help.
func (e *apiError) hopeless() bool { return e.final || e.retryAfter > maxRetryAfter }

func (e *apiError) Error() string { return e.code + ": " + e.message }

// writeError answers with an error. Nothing may have been written before.
//
// Each says whether to try again: left to themselves SDKs retry whatever is 408,
// 409, 429 or 5xx. The time to come back is exact; the milliseconds are for the
// SDKs that read them, which would else come back up to a second late.
func writeError(w http.ResponseWriter, s shape, e *apiError) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(roundUp(e.retryAfter, time.Second), 10))
		h.Set("Retry-After-Ms", strconv.FormatInt(roundUp(e.retryAfter, time.Millisecond), 10))
	}
	h.Set("X-Should-Retry", strconv.FormatBool(!e.hopeless()))
	w.WriteHeader(s.status(e))
	_, _ = w.Write(s.body(e, h.Get(headerRequestID)))
}

func roundUp(d, unit time.Duration) int64 { return int64((d + unit - 1) / unit) }

func badRequest(e *chat.ParamError) *apiError {
	return &apiError{status: 400, kind: "invalid_request_error", code: "invalid_request", param: e.Param, message: e.Error(), final: true}
}

func badHeader(code, message string) *apiError {
	return &apiError{status: 400, kind: "invalid_request_error", code: code, message: message, final: true}
}

func unauthorized(message string) *apiError {
	return &apiError{status: 401, kind: "invalid_request_error", code: "invalid_api_key", message: message, final: true}
}

func forbidden(message string) *apiError {
	return &apiError{status: 403, kind: "invalid_request_error", code: "forbidden", message: message, final: true}
}

func tooLarge(limit int64) *apiError {
	return &apiError{status: 413, kind: "invalid_request_error", code: "request_too_large", final: true,
		message: fmt.Sprintf("The request body is larger than this gateway's limit of %d bytes. Send less, or refer to images and files by URL.", limit)}
}

func unknownModel(model string) *apiError {
	return &apiError{status: 404, kind: "invalid_request_error", code: "model_not_found", param: "model", final: true,
		message: fmt.Sprintf("This gateway has no route for model %q. GET /v1/models lists what it serves.", model)}
}

// unsupportedParams is for a route that wants nothing left out.
func unsupportedParams(names []string) *apiError {
	return &apiError{status: 400, kind: "invalid_request_error", code: "unsupported_parameter", param: names[0], final: true,
		message: fmt.Sprintf("This model cannot honour: %s. Leave out what is named.", strings.Join(names, ", "))}
}

func badMethod(method, allowed string) *apiError {
	return &apiError{status: 405, kind: "invalid_request_error", code: "method_not_allowed", final: true,
		message: fmt.Sprintf("This path takes %s, not %s.", allowed, clip(method))}
}

// outOfTime is for a request whose own deadline came before a key was free.
func outOfTime() *apiError {
	return &apiError{status: 504, kind: "api_error", code: "timeout", message: "The request's time was over before a key for this model was free."}
}

// unreadable is for callers whom we cannot tell from strangers at the moment.
func unreadable() *apiError {
	return &apiError{status: 503, kind: "api_error", code: "credentials_unreadable", retryAfter: 5 * time.Second,
		message: "The gateway cannot read its callers' keys at the moment, so it cannot tell whether yours is one of them. See /readyz."}
}

func internalError() *apiError {
	return &apiError{status: 500, kind: "api_error", code: "internal_error", message: "The gateway failed. Its log has the cause under the request id of this answer."}
}

// errorFor turns whatever ended a request into the client's answer. Key names,
// organisations and causes inside Fallow stay in the log.
func errorFor(err error) *apiError {
	var (
		api       *apiError
		param     *chat.ParamError
		exhausted *pool.ExhaustedError
		fault     *upstream.Fault
		refused   *refusedError
		unread    *secretError
	)
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &param):
		return badRequest(param)
	case errors.As(err, &exhausted):
		return exhaustedError(exhausted)
	case errors.As(err, &fault):
		e := faultError(fault)
		if fault.Class == upstream.UnknownModel && errors.As(err, &refused) {
			e.message = fmt.Sprintf("The provider does not know the model %q, or has retired it.", refused.model)
		}
		return e
	case errors.As(err, &unread):
		return &apiError{status: 503, kind: "api_error", code: "key_unreadable", retryAfter: 5 * time.Second,
			message: "The gateway cannot read its provider keys at the moment. See /readyz."}
	default:
		return internalError()
	}
}

// exhaustedError says when to come back.
func exhaustedError(e *pool.ExhaustedError) *apiError {
	if out, ok := exhaustedFor[e.Class]; ok {
		return &out
	}
	wait := max(e.RetryAfter, time.Second)
	if e.Class == upstream.Encryption {
		return &apiError{status: 503, kind: "api_error", code: "upstream_encryption", retryAfter: wait,
			message: "The provider cannot reach the encryption key of the account behind this model. The operator must look into this."}
	}
	return &apiError{status: 429, kind: "rate_limit_error", code: "pool_exhausted", retryAfter: wait,
		message: fmt.Sprintf("Every key for this model is resting after provider limits. Retry in %d s.", roundUp(wait, time.Second))}
}

// exhaustedFor holds the causes that waiting does not cure.
var exhaustedFor = map[upstream.Class]apiError{
	upstream.Billing:    {status: 429, kind: "insufficient_quota", code: "insufficient_quota", message: "The provider accounts behind this model have no credit. The operator must settle this; retrying does not help.", final: true},
	upstream.SpendCap:   {status: 429, kind: "insufficient_quota", code: "insufficient_quota", message: "The provider accounts behind this model have reached their spend limit. The operator must settle this; retrying does not help.", final: true},
	upstream.Auth:       {status: 502, kind: "api_error", code: "upstream_auth", message: "The provider refuses this gateway's keys. Your key is fine; the operator must renew the gateway's.", final: true},
	upstream.Hold:       {status: 502, kind: "api_error", code: "upstream_hold", message: "The provider has put the account behind this model on hold. The operator must settle this.", final: true},
	upstream.Permission: {status: 403, kind: "invalid_request_error", code: "model_not_allowed", param: "model", message: "None of this gateway's keys may use this model.", final: true},
}

// faultError translates a provider's refusal. The provider's text is passed on
// only where it speaks of the request; elsewhere it speaks of our accounts.
func faultError(f *upstream.Fault) *apiError {
	switch f.Class {
	case upstream.Client:
		return &apiError{status: clientStatus(f.Status), kind: "invalid_request_error", code: cmp.Or(f.Code, "invalid_request"), message: f.Message, final: true}
	case upstream.Context:
		return &apiError{status: 400, kind: "invalid_request_error", code: "context_length_exceeded", param: "messages", message: f.Message, final: true}
	case upstream.TooLarge:
		return &apiError{status: 413, kind: "invalid_request_error", code: "request_too_large", message: "The provider refuses a request of this size.", final: true}
	case upstream.UnknownModel:
		return &apiError{status: 404, kind: "invalid_request_error", code: "model_not_found", param: "model", message: "The provider does not know this model, or has retired it.", final: true}
	case upstream.Overload:
		return &apiError{status: 503, kind: "service_unavailable_error", code: codeOverloaded, retryAfter: max(f.RetryAfter, 2*time.Second), message: "The provider has no capacity at the moment. Retry shortly."}
	case upstream.Timeout:
		return &apiError{status: 504, kind: "api_error", code: "timeout", message: "The provider did not answer in time. Use streaming for long answers."}
	case upstream.Truncated:
		return &apiError{status: 502, kind: "api_error", code: "upstream_truncated", message: "The provider's answer broke off."}
	case upstream.Connect:
		return &apiError{status: 502, kind: "api_error", code: "upstream_unreachable", message: "The provider could not be reached."}
	case upstream.Provider:
		return &apiError{status: 502, kind: "api_error", code: "upstream_error", message: "The provider failed to answer."}
	}
	if out, ok := exhaustedFor[f.Class]; ok {
		return &out
	}
	return exhaustedError(&pool.ExhaustedError{Class: f.Class, RetryAfter: f.RetryAfter})
}

// clientStatus keeps the provider's status for a fault of the client.
func clientStatus(status int) int {
	if status < 400 || status > 499 || status == 401 || status == 403 || status == 429 {
		return 400
	}
	return status
}
