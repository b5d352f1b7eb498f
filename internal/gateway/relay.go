package gateway

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/fallow-dev/fallow/internal/pool"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// relayStream sends a stream on, event by event. A failure now is told in the
// stream: status and headers are out.
func (x *exchange) relayStream(a *answered) {
	out := x.beginStream()
	defer out.end()
	s := a.stream
	if s.content {
		x.firstToken()
	}
	held := x.marked(a, s.held)
	out.send(held)
	x.tap.events(held)
	for !s.ended && !out.failed() {
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
			chunk.Data = x.marked(a, chunk.Data)
			out.chunk(chunk)
			x.tap.event(chunk.Data)
		}
	}
	if done := x.surface.done; done != nil {
		out.chunk(provider.Chunk{Data: done})
	}
	x.done(!out.failed())
}

// breakOff ends a stream that failed. The error goes out as an event and no
// success terminator follows: SDKs raise on the former, and many take a plain
// end, or the latter, for success.
func (x *exchange) breakOff(out *eventWriter, a *answered, f *upstream.Fault) {
	if x.gone() {
		x.left()
		return
	}
	a.booking.Learn(x.ctx(), pool.Outcome{Fault: f})
	e := faultError(f)
	x.event.Code = e.code
	x.event.Attempts[len(x.event.Attempts)-1].Class = f.Class
	out.chunk(x.surface.failed(a.stream.chunks, e, x.event.ID))
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
	return newEventWriter(x.w, x.surface.ping)
}

// relayWhole sends a complete answer.
func (x *exchange) relayWhole(a *answered) {
	x.describe()
	x.firstToken()
	body := x.marked(a, a.reply.Body)
	h := x.w.Header()
	h.Set("Content-Type", cmp.Or(a.reply.Type, "application/json"))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.event.Status = http.StatusOK
	x.w.WriteHeader(http.StatusOK)
	waits := !x.gone() // asked now: one that has read all of it may leave at once
	_, err := x.w.Write(body)
	x.tap.answer(a.reply.Type, body)
	x.done(waits && err == nil)
}
