package bedrock

import (
	"encoding/base64"
	"errors"
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider/awserror"
	"github.com/fallow-dev/fallow/internal/provider/bedrock/eventstream"
	"github.com/fallow-dev/fallow/internal/sse"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// maxFrame bounds one frame of a stream: what the anthropic dialect takes for
// one event, and more than any has.
const maxFrame = 8 << 20

// eventBody makes server-sent events of Bedrock's frames, so that the anthropic
// dialect can read them. To hand it events by a side door would save a copy of
// some hundred bytes for each, and tie both packages to one another's insides.
type eventBody struct {
	frames *eventstream.Reader
	// translate appends the events that a frame stands for, if any. Its error
	// ends the stream.
	translate func(dst []byte, m eventstream.Message) ([]byte, error)

	events []byte
	read   int // of events
	err    error
}

var _ io.Reader = (*eventBody)(nil)

func newEventBody(body io.Reader, translate func([]byte, eventstream.Message) ([]byte, error)) *eventBody {
	return &eventBody{frames: eventstream.NewReader(body, maxFrame), translate: translate}
}

// Read implements io.Reader. An exception in the stream is returned as an
// *upstream.Fault, after the events before it; a body that ends within a frame
// as io.ErrUnexpectedEOF.
func (b *eventBody) Read(p []byte) (int, error) {
	for b.read == len(b.events) && b.err == nil {
		b.next()
	}
	n := copy(p, b.events[b.read:])
	b.read += n
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

// next turns one frame into events.
func (b *eventBody) next() {
	b.events, b.read = b.events[:0], 0
	m, err := b.frames.Next()
	if err == nil {
		err = exceptionIn(m)
	}
	if err == nil {
		b.events, err = b.translate(b.events, m)
	}
	if err == nil && len(b.events) == 0 {
		b.events = sse.AppendComment(b.events, "") // a sign of life all the same
	}
	var damaged *eventstream.FormatError
	if errors.As(err, &damaged) {
		err = &upstream.Fault{Class: upstream.Provider, Message: "the provider's stream is damaged: " + damaged.Reason}
	}
	b.err = err
}

// exceptionIn is the fault that a frame reports instead of an event.
func exceptionIn(m eventstream.Message) error {
	switch string(m.Header(":message-type")) {
	case "exception":
		return awserror.Late(string(m.Header(":exception-type")), m.Payload)
	case "error": // of the transport, not of the service
		var w writer
		w.open('{').key("message").text(string(m.Header(":error-message"))).end('}')
		return awserror.Late(string(m.Header(":error-code")), w.b)
	}
	return nil
}

// unpackChunk takes the event of Messages out of a frame of InvokeModel, whose
// payload is {"bytes":"base64 of the event"}.
func unpackChunk(dst []byte, m eventstream.Message) ([]byte, error) {
	if string(m.Header(":event-type")) != "chunk" {
		return dst, nil
	}
	event, err := base64.StdEncoding.DecodeString(gjson.GetBytes(m.Payload, "bytes").Str)
	if err != nil {
		return dst, &upstream.Fault{Class: upstream.Provider, Message: "the provider's stream holds what is no base64"}
	}
	return sse.AppendEvent(dst, gjson.GetBytes(event, "type").Str, event), nil
}
