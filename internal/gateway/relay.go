package gateway

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
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
	// held are the events that came before and with the first content.
	held [][]byte
	// ended says that held is the whole stream.
	ended bool
}

const (
	// holdBack bounds how long the first events may be held: after it the
	// client needs a sign of life more than we need the option to fail over.
	holdBack = 15 * time.Second
	// maxHeld bounds how many.
	maxHeld = 64
)

// openTheStream reads up to the first content.
func openTheStream(c conn, answer provider.Answer, limits config.Timeouts, now func() time.Time) (*openStream, error) {
	s := &openStream{conn: c, chunks: answer.Stream(c.resp.Body), idle: limits.Idle.D()}
	began := now()
	for len(s.held) < maxHeld && now().Sub(began) < holdBack {
		chunk, err := s.chunks.Next()
		if errors.Is(err, io.EOF) {
			s.ended = true
			return s, nil
		}
		if err != nil {
			s.close()
			return nil, c.watch.explain(err)
		}
		s.held = append(s.held, append([]byte(nil), chunk.Data...))
		if chunk.Content {
			break
		}
	}
	c.watch.alive(s.idle)
	return s, nil
}

// explain keeps a provider's own fault and explains any other.
func (w *watchdog) explain(err error) *upstream.Fault {
	var f *upstream.Fault
	if errors.As(err, &f) && w.ctx.Err() == nil {
		return f
	}
	return w.fault(err)
}

func (s *openStream) close() { s.conn.close() }

// relayStream sends a stream on, event by event. A failure now is told in the
// stream: status and headers are out.
func (x *exchange) relayStream(a *answered) {
	out := x.beginStream()
	s := a.stream
	for _, data := range s.held {
		out.event(data)
	}
	for !s.ended && out.err == nil {
		chunk, err := s.chunks.Next()
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
		case err != nil:
			x.breakOff(out, a, s.conn.watch.explain(err))
			return
		default:
			s.conn.watch.alive(s.idle)
			out.event(chunk.Data)
		}
	}
	if out.err != nil {
		x.event.Code = "client_gone"
		return
	}
	out.event([]byte("[DONE]"))
}

// breakOff ends a stream that failed. The error goes out as an event and no
// [DONE] follows: SDKs raise on the former, and many take a plain end, or the
// latter, for success.
func (x *exchange) breakOff(out *eventWriter, a *answered, f *upstream.Fault) {
	if x.ctx().Err() != nil && f.Class != upstream.Timeout {
		x.event.Code = "client_gone"
		return
	}
	a.booking.Learn(x.ctx(), pool.Outcome{Fault: f})
	e := faultError(f)
	x.event.Code = e.code
	out.event(e.body())
}

// beginStream sends status and headers.
func (x *exchange) beginStream() *eventWriter {
	x.describe()
	x.event.FirstToken = x.g.cfg.Now().Sub(x.began)
	h := x.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // proxies that buffer would undo streaming
	x.w.WriteHeader(http.StatusOK)
	return &eventWriter{w: x.w, flush: http.NewResponseController(x.w)}
}

// relayWhole sends a complete answer.
func (x *exchange) relayWhole(a *answered) {
	x.describe()
	x.event.FirstToken = x.g.cfg.Now().Sub(x.began)
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(a.reply.Body)))
	x.w.WriteHeader(http.StatusOK)
	if _, err := x.w.Write(a.reply.Body); err != nil {
		x.event.Code = "client_gone"
	}
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
	if o.err != nil {
		return
	}
	if len(data) == 0 {
		o.buf = sse.AppendComment(o.buf[:0], "")
	} else {
		o.buf = sse.AppendEvent(o.buf[:0], "", data)
	}
	if _, o.err = o.w.Write(o.buf); o.err == nil {
		_ = o.flush.Flush() // a writer that cannot flush does not buffer
	}
}
