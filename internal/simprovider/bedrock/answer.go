package bedrock

import (
	"bytes"
	"net/http"

	"github.com/tidwall/gjson"
)

// answer takes what the provider behind says and says it in Bedrock's form.
type answer struct {
	w        http.ResponseWriter
	form     form
	streamed bool
	bearer   bool

	header http.Header // the provider's, of which little is passed on
	status int
	buf    bytes.Buffer
	stream *stream // once a stream has begun
}

var _ http.ResponseWriter = (*answer)(nil)

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. Only a stream is begun at once;
// everything else must be seen whole first.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	if !a.streamed || status != http.StatusOK {
		return
	}
	h := a.w.Header()
	h.Set("Content-Type", "application/vnd.amazon.eventstream")
	h.Set("X-Amzn-Bedrock-Content-Type", "application/json")
	h.Set("X-Amzn-Requestid", a.header.Get("Request-Id"))
	a.w.WriteHeader(status)
	a.stream = &stream{w: a.w}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.buf.Write(p)
	if a.stream == nil {
		return len(p), nil
	}
	for {
		text, rest, whole := bytes.Cut(a.buf.Bytes(), []byte("\n\n"))
		if !whole {
			return len(p), a.stream.err
		}
		a.event(bytes.Clone(text))
		a.buf.Next(a.buf.Len() - len(rest))
	}
}

// FlushError is what http.ResponseController calls.
func (a *answer) FlushError() error {
	if a.stream == nil {
		return nil // nothing was sent yet
	}
	return http.NewResponseController(a.w).Flush()
}

// event turns one server-sent event into frames.
func (a *answer) event(text []byte) {
	_, data, ok := bytes.Cut(text, []byte("data: "))
	if !ok {
		return
	}
	switch kind := gjson.GetBytes(data, "type").Str; kind {
	case "ping": // Bedrock has none
	case "error":
		if x := exceptionOf(data, false); x != nil {
			a.stream.exception(x)
		}
	default:
		a.form.frames(a.stream, kind, data)
	}
}

// finish sends what had to be seen whole.
func (a *answer) finish() {
	switch {
	case a.stream != nil:
	case a.status == http.StatusOK:
		a.whole()
	default:
		if x := exceptionOf(a.buf.Bytes(), a.bearer); x != nil {
			refuse(a.w, x)
			return
		}
		a.w.Header().Set("Content-Type", a.header.Get("Content-Type"))
		a.w.WriteHeader(a.status)
		_, _ = a.w.Write(a.buf.Bytes())
	}
}

func (a *answer) whole() {
	usage := gjson.GetBytes(a.buf.Bytes(), "usage")
	h := a.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Requestid", a.header.Get("Request-Id"))
	h.Set("X-Amzn-Bedrock-Input-Token-Count", usage.Get("input_tokens").Raw)
	h.Set("X-Amzn-Bedrock-Output-Token-Count", usage.Get("output_tokens").Raw)
	a.w.WriteHeader(http.StatusOK)
	_, _ = a.w.Write(a.form.whole(a.buf.Bytes()))
}
