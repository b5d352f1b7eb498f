package lambdabed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// reply is what the runtime posts. Its body is read while it is being sent.
type reply struct {
	failure     *FunctionError // of a post to /error; then there is no body
	contentType string
	body        io.Reader
	trailer     func() http.Header // complete once body is at its end
	tooLarge    bool               // set by the reader that refused the rest
}

// FunctionError is the failure of an invocation, as the function reported it
// or as Lambda would report a process that is gone.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("the function failed: %s: %s", e.Type, e.Message)
}

// limited reads at most limit bytes of the body and ends with the error that the
// runtime announced after the last byte, if any.
func (r *reply) limited(limit int64) io.Reader { return &limitedReply{r, limit} }

type limitedReply struct {
	*reply
	left int64
}

func (l *limitedReply) Read(p []byte) (int, error) {
	n, err := l.body.Read(p)
	if l.left -= int64(n); l.left < 0 {
		l.tooLarge = true
		return 0, &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "the answer is larger than Lambda sends on"}
	}
	if err == io.EOF {
		return n, l.end()
	}
	return n, err
}

// end is io.EOF, or the error in the trailer.
func (r *reply) end() error {
	if kind := r.trailer().Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		return &FunctionError{Type: kind, Message: "the stream ended with an error"}
	}
	return io.EOF
}

// whole reads a reply to its end.
func (r *reply) whole(limit int64) ([]byte, error) {
	answer, err := io.ReadAll(r.limited(limit))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	return answer, nil
}

const (
	preludeType  = "application/vnd.awslambda.http-integration-response"
	preludeLimit = 1 << 20 // far above what any client accepts as headers
)

// preludeEnd separates a prelude from the body (AWS docs, lambda-response-streaming).
var preludeEnd = make([]byte, 8)

// prelude is the head of a streamed answer.
type prelude struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Cookies    []string          `json:"cookies"`
}

// readPrelude reads the head of an answer; what follows is left in body. A
// function that sends none answers 200 with plain bytes.
func readPrelude(contentType string, body *bufio.Reader) (prelude, error) {
	p := prelude{StatusCode: http.StatusOK}
	if !strings.HasPrefix(contentType, preludeType) {
		return p, nil
	}
	var raw []byte
	for !bytes.HasSuffix(raw, preludeEnd) {
		c, err := body.ReadByte()
		if err != nil {
			return p, fmt.Errorf("the answer ended in its prelude: %w", err)
		}
		if raw = append(raw, c); len(raw) > preludeLimit {
			return p, errors.New("the answer's prelude has no end")
		}
	}
	if err := json.Unmarshal(bytes.TrimSuffix(raw, preludeEnd), &p); err != nil {
		return p, fmt.Errorf("the answer's prelude is not JSON: %w", err)
	}
	if p.StatusCode < 200 || p.StatusCode > 599 {
		return p, fmt.Errorf("the answer's status is %d, must be 200 to 599", p.StatusCode)
	}
	return p, nil
}
