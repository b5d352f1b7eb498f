package awsfront

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// writer is the http.ResponseWriter of one exchange. Like net/http's it may
// be used by one goroutine at a time, until the handler returns.
type writer struct {
	header http.Header // the handler's
	pipe   *io.PipeWriter

	// status and final are the head of the answer. WriteHeader or the first
	// byte fixes them; they may be read by others once ready is closed.
	status int
	final  http.Header

	bodyless  bool // an answer to HEAD, or of a status without a body
	committed bool
	ready     chan struct{}
}

func newWriter(pipe *io.PipeWriter) *writer {
	return &writer{header: http.Header{}, pipe: pipe, ready: make(chan struct{})}
}

var (
	_ http.ResponseWriter = (*writer)(nil)
	_ http.Flusher        = (*writer)(nil)
)

func (w *writer) Header() http.Header { return w.header }

// WriteHeader fixes the head of the answer; only the first call counts.
// Informational statuses are dropped: a Lambda stream cannot carry them.
func (w *writer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %d", status)) // as net/http does
	}
	if w.status != 0 || status < 200 {
		return
	}
	w.status, w.final = status, w.header.Clone()
}

// Write returns when the runtime has taken all of p, and so passes the
// client's pace on to the handler. What is written goes out as its own chunk:
// an event is best written in one call.
func (w *writer) Write(p []byte) (int, error) {
	w.commit(p)
	if !bodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if w.bodyless || len(p) == 0 { // a pipe would wait for a reader even for nothing
		return len(p), nil
	}
	return w.pipe.Write(p)
}

// Flush sends the head of the answer if that has not been done; written bytes
// never wait to be flushed.
func (w *writer) Flush() { w.commit(nil) }

// FlushError is Flush for http.ResponseController.
func (w *writer) FlushError() error {
	w.Flush()
	return nil
}

// commit makes the head of the answer final. first is the beginning of the
// body, from which a missing Content-Type is guessed as net/http does, so that
// both fronts give the same answer.
func (w *writer) commit(first []byte) {
	if w.committed {
		return
	}
	w.WriteHeader(http.StatusOK)
	if w.guessable(first) {
		w.final.Set("Content-Type", http.DetectContentType(first))
	}
	w.committed = true
	close(w.ready)
}

func (w *writer) guessable(first []byte) bool {
	return len(first) > 0 && bodyAllowed(w.status) &&
		w.final.Get("Content-Type") == "" && w.final.Get("Content-Encoding") == ""
}

// end ends the answer: properly if err is nil, visibly broken if not.
func (w *writer) end(err error) {
	w.commit(nil)
	w.pipe.CloseWithError(err)
}

// answer replaces whatever head the handler had prepared.
func (w *writer) answer(e apiError) {
	w.header, w.status, w.final = e.header(), 0, nil
	w.WriteHeader(e.status)
	_, err := w.Write(e.body())
	w.end(err)
}

// oneLine keeps a header's value from becoming two headers.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// flatHeader is the final header in the only form a Lambda stream knows: one
// value a name, and cookies apart.
func (w *writer) flatHeader() (flat map[string]string, cookies []string) {
	flat = make(map[string]string, len(w.final))
	for name, values := range w.final {
		if name == "Set-Cookie" {
			cookies = values
			continue
		}
		flat[name] = oneLine.Replace(strings.Join(values, ", "))
	}
	return flat, cookies
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
