package awsfront

import (
	"encoding/json"
	"errors"
	"net/http"
)

const requestIDHeader = "X-Fallow-Request-Id"

// errBroken ends the body of an answer whose handler panicked. The runtime
// reports it to Lambda, which cuts the client's connection; the client itself
// never sees this text.
var errBroken = errors.New("the answer broke off: its handler panicked")

// apiError is an answer in the shape of the OpenAI API, the dialect that most
// clients speak. It is used only where no handler could choose a dialect.
type apiError struct {
	status             int
	kind, code, reason string
	requestID          string // empty when the request has no name
}

var errPanicked = apiError{
	status: http.StatusInternalServerError, kind: "server_error", code: "internal_error",
	reason: "Fallow failed on this request. It is safe to try again; if it happens again, report the request id.",
}

func badEvent(err error) apiError {
	return apiError{
		status: http.StatusBadRequest, kind: "invalid_request_error", code: "invalid_event",
		reason: err.Error(),
	}
}

func (e apiError) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if e.requestID != "" {
		h.Set(requestIDHeader, e.requestID)
	}
	return h
}

func (e apiError) body() []byte {
	type detail struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	body, _ := json.Marshal(map[string]detail{"error": {Message: e.reason, Type: e.kind, Code: e.code}}) // strings always marshal
	return body
}
