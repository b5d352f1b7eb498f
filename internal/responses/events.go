package responses

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/provider"
)

// events is a queue of events on their way to the client. They share one buffer,
// which is used again once all of them are out.
type events struct {
	buf      []byte
	queue    []event
	sent     int   // of the queue
	sequence int64 // number of the next event
	content  bool  // what is written now is made of generated output
}

type event struct {
	name       string
	start, end int
	content    bool
}

// write writes an event of its members, which are JSON and begin with a comma.
func (e *events) write(name string, members ...string) {
	if e.sent == len(e.queue) {
		e.buf, e.queue, e.sent = e.buf[:0], e.queue[:0], 0
	}
	start := len(e.buf)
	e.buf = add(e.buf, `{"type":"`, name, `","sequence_number":`)
	e.buf = strconv.AppendInt(e.buf, e.sequence, 10)
	e.buf = append(add(e.buf, members...), '}')
	e.queue = append(e.queue, event{name, start, len(e.buf), e.content})
	e.sequence++
}

// next takes the first event; ok is false when there is none.
func (e *events) next() (c provider.Chunk, ok bool) {
	if e.sent == len(e.queue) {
		return c, false
	}
	ev := e.queue[e.sent]
	e.sent++
	return provider.Chunk{Event: ev.name, Data: e.buf[ev.start:ev.end], Content: ev.content}, true
}
