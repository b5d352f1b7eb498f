package gateway

import (
	"errors"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/sse"
)

// keepAlive is the longest silence between two events. Load balancers cut
// connections after 30 s and more of it, Claude Code gives up after 300.
const keepAlive = 15 * time.Second

// eventWriter writes server-sent events, each flushed as it comes, and a ping
// whenever nothing was written for keepAlive. It must be ended.
type eventWriter struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	ping  []byte // a whole event
	timer *time.Timer

	// turn holds one token while somebody writes. What follows is that one's. A
	// channel and no mutex, since to write takes as long as the client likes.
	turn  chan struct{}
	ended bool
	buf   []byte
	err   error
}

func newEventWriter(w http.ResponseWriter, ping []byte) *eventWriter {
	o := &eventWriter{w: w, flush: http.NewResponseController(w), ping: ping, turn: make(chan struct{}, 1)}
	o.turn <- struct{}{} // the timer may strike before its name is set
	defer o.release()
	o.timer = time.AfterFunc(keepAlive, o.keepAlive)
	return o
}

func (o *eventWriter) release() { <-o.turn }

// keepAlive writes a ping, unless something is being written.
func (o *eventWriter) keepAlive() {
	select {
	case o.turn <- struct{}{}:
		defer o.release()
		o.write(o.ping)
	default:
	}
}

// chunk sends one event.
func (o *eventWriter) chunk(c provider.Chunk) {
	o.turn <- struct{}{}
	defer o.release()
	o.buf = appendChunk(o.buf[:0], c, o.ping)
	o.write(o.buf)
}

// send sends whole events.
func (o *eventWriter) send(events []byte) {
	o.turn <- struct{}{}
	defer o.release()
	o.write(events)
}

func (o *eventWriter) write(events []byte) {
	if o.ended || o.err != nil {
		return
	}
	defer o.timer.Reset(keepAlive)
	if _, o.err = o.w.Write(events); o.err != nil {
		return
	}
	if err := o.flush.Flush(); !errors.Is(err, http.ErrNotSupported) { // a writer that cannot flush does not buffer
		o.err = err
	}
}

// failed reports whether the client takes no more.
func (o *eventWriter) failed() bool {
	o.turn <- struct{}{}
	defer o.release()
	return o.err != nil
}

// end stops the pings. The response is the caller's again when it returns.
func (o *eventWriter) end() {
	o.turn <- struct{}{}
	defer o.release()
	o.ended = true
	o.timer.Stop()
}

// appendChunk appends an event; one without data is a sign of life.
func appendChunk(dst []byte, c provider.Chunk, ping []byte) []byte {
	if len(c.Data) == 0 {
		return append(dst, ping...)
	}
	return sse.AppendEvent(dst, c.Event, c.Data)
}
