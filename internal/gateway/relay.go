package gateway

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// openStream is a stream whose first content is here. Until then nothing is
// sent to the client, so that a provider that fails early can be replaced.
type openStream struct {
	conn   conn
	chunks provider.Stream
	idle   time.Duration
	// held are the events that came before and with the first content, as
	// they will be sent.
	held []byte
	// content says that held has content: it has none if the provider took
	// longer than we may hold back, or if there was none.
	content bool
	// ended says that the stream has ended well; at first that held is all of it.
	ended bool
}

const (
	// holdBack bounds how long events may be held from the first on: after it the
	// client needs a sign of life more than we need the option to fail over.
	// From then on a provider that thinks for long and says so lives by its
	// idle time-out and no longer by that of the first token.
	holdBack = 15 * time.Second
	// maxHeld and maxHeldBytes bound how many.
	maxHeld      = 64
	maxHeldBytes = 256 << 10
)

// openTheStream reads up to the first content.
func openTheStream(c conn, answer provider.Answer, idle time.Duration, now func() time.Time) (*openStream, error) {
	s := &openStream{conn: c, chunks: answer.Stream(c.resp.Body), idle: idle}
	var first time.Time
	for n := 0; !s.content && n < maxHeld && len(s.held) < maxHeldBytes; n++ {
		chunk, err := s.chunks.Next()
		if errors.Is(err, io.EOF) {
			s.ended = true
			return s, nil
		}
		if err != nil {
			fault := c.watch.fault(err)
			s.close()
			return nil, fault
		}
		s.held = appendEvent(s.held, chunk.Data)
		s.content = chunk.Content
		if n == 0 {
			first = now() // a provider that is slow to begin costs no fail-over
		} else if now().Sub(first) >= holdBack {
			break
		}
	}
	c.watch.alive(s.idle)
	return s, nil
}

func (s *openStream) close() {
	if s.ended {
		s.conn.drain()
	}
	s.conn.close()
}

// relayStream sends a stream on, event by event. A failure now is told in the
// stream: status and headers are out.
func (x *exchange) relayStream(a *answered) {
	out := x.beginStream()
	s := a.stream
	if s.content {
		x.firstToken()
	}
	out.send(s.held)
	for !s.ended && out.err == nil {
		chunk, err := s.chunks.Next()
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
		case err != nil:
			x.breakOff(out, a, s.conn.watch.fault(err))
			return
		default:
			s.conn.watch.alive(s.idle)
			if chunk.Content {
				x.firstToken()
			}
			out.event(chunk.Data)
		}
	}
	out.event([]byte("[DONE]"))
	x.done(out.err == nil)
}

// breakOff ends a stream that failed. The error goes out as an event and no
// [DONE] follows: SDKs raise on the former, and many take a plain end, or the
// latter, for success.
func (x *exchange) breakOff(out *eventWriter, a *answered, f *upstream.Fault) {
	if x.gone() {
		x.left()
		return
	}
	a.booking.Learn(x.ctx(), pool.Outcome{Fault: f})
	e := faultError(f)
	x.event.Code = e.code
	x.event.Attempts[len(x.event.Attempts)-1].Class = f.Class
	out.event(e.body())
}

// beginStream sends status and headers.
func (x *exchange) beginStream() *eventWriter {
	x.describe()
	h := x.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // proxies that buffer would undo streaming
	x.event.Status = http.StatusOK
	x.w.WriteHeader(http.StatusOK)
	return &eventWriter{w: x.w, flush: http.NewResponseController(x.w)}
}

// relayWhole sends a complete answer.
func (x *exchange) relayWhole(a *answered) {
	x.describe()
	x.firstToken()
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(a.reply.Body)))
	x.event.Status = http.StatusOK
	x.w.WriteHeader(http.StatusOK)
	waits := !x.gone() // asked now: one that has read all of it may leave at once
	_, err := x.w.Write(a.reply.Body)
	x.done(waits && err == nil)
}

// eventWriter writes server-sent events, each flushed as it comes.
type eventWriter struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	buf   []byte
	err   error
}

// event sends one data line; empty data becomes a comment, a sign of life.
func (o *eventWriter) event(data []byte) {
	o.buf = appendEvent(o.buf[:0], data)
	o.send(o.buf)
}

// send sends whole events.
func (o *eventWriter) send(events []byte) {
	if o.err != nil {
		return
	}
	if _, o.err = o.w.Write(events); o.err != nil {
		return
	}
	if err := o.flush.Flush(); !errors.Is(err, http.ErrNotSupported) { // a writer that cannot flush does not buffer
		o.err = err
	}
}

func appendEvent(dst, data []byte) []byte {
	if len(data) == 0 {
		return sse.AppendComment(dst, "")
	}
	return sse.AppendEvent(dst, "", data)
}
