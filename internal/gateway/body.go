package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// bodyTime bounds the reading of a request's body: 6 MiB over a line of 1 Mbit/s.
const bodyTime = time.Minute

// errLateBody is for a client that is too slow, and waits for its answer.
var errLateBody = &apiError{status: 408, kind: "invalid_request_error", code: "request_timeout", message: "The request body did not arrive in time."}

// readBody reads the request's body within the limits.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	limit := g.cfg.Document.Limits.BodyBytes
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, &apiError{status: 415, kind: "invalid_request_error", code: "unsupported_encoding", final: true,
			message: "This gateway does not take compressed request bodies. Send the body without Content-Encoding."}
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	// A front that cannot do it, Lambda's, has the whole body already. The
	// connection's clock is the system's, not ours.
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return nil, tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errLateBody
	case err != nil:
		return nil, &apiError{status: 400, kind: "invalid_request_error", code: "incomplete_body", message: "The request body broke off before its end."}
	}
	_ = conn.SetReadDeadline(time.Time{})
	return body, nil
}

// maxAhead bounds the memory set aside for what somebody only says he will send.
const maxAhead = 256 << 10

// readAll reads r to its end. length is how much is expected, negative if
// nobody knows; it saves the copies of a buffer that grows.
func readAll(r io.Reader, length int64) ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(int(min(max(length, 0), maxAhead)) + bytes.MinRead)
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}
