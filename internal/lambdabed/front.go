package lambdabed

import (
	"bufio"
	"errors"
	"io"
	"net/http"
)

// serveURL is the function URL. When its client is gone it reads the answer to
// the end all the same: Lambda does not tell the function either.
func (b *Bed) serveURL(w http.ResponseWriter, r *http.Request) {
	inv := newInvocation(nil)
	var err error
	begun := false
	if inv.payload, err = newEvent(r, inv); err == nil {
		err = b.run(inv, func(rep *reply) error {
			body := bufio.NewReader(rep.limited(b.cfg.ResponseLimit))
			head, err := readPrelude(rep.contentType, body)
			if err != nil {
				return err
			}
			begun = true
			writeHead(w, inv, head)
			return relay(w, body)
		})
	}
	if begun && err != nil {
		panic(http.ErrAbortHandler) // the client sees the answer break off
	}
	explain(w, err)
}

// explain answers as Lambda itself does when there is no answer of the
// function's. It never bears a header of Fallow.
func explain(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
	case errors.Is(err, errTooLarge):
		lambdaError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			`{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}`)
	case errors.Is(err, ErrThrottled):
		lambdaError(w, http.StatusTooManyRequests, "TooManyRequestsException",
			`{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","Message":"Rate Exceeded."}`)
	default:
		lambdaError(w, http.StatusBadGateway, "InternalServerErrorException", `{"Message":"Internal Server Error"}`)
	}
}

// perConnection are the headers that a function cannot set: the stream's
// length is never known when it begins, and the rest is between two hops.
var perConnection = []string{"Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func writeHead(w http.ResponseWriter, inv *invocation, head prelude) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream") // unless the function says otherwise
	for name, value := range head.Headers {
		h.Set(name, value)
	}
	for _, name := range perConnection {
		h.Del(name)
	}
	for _, cookie := range head.Cookies {
		h.Add("Set-Cookie", cookie)
	}
	h.Set("X-Amzn-Requestid", inv.id)
	h.Set("X-Amzn-Trace-Id", inv.trace)
	w.WriteHeader(head.StatusCode)
	http.NewResponseController(w).Flush()
}

// relay sends on every chunk as it comes. The error is that of the answer; a
// client that does not take it any more is no error.
func relay(w http.ResponseWriter, body io.Reader) error {
	flusher := http.NewResponseController(w)
	chunk := make([]byte, 32<<10)
	var clientGone error
	for {
		n, err := body.Read(chunk)
		if n > 0 && clientGone == nil {
			_, clientGone = w.Write(chunk[:n])
			flusher.Flush()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func lambdaError(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	io.WriteString(w, body)
}
