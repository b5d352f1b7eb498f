package bedrock

import (
	"net/http"
	"strings"

	"github.com/aws/smithy-go/eventstream"
	"github.com/tidwall/gjson"
)

// stream writes the frames of one answer.
type stream struct {
	w     http.ResponseWriter
	err   error
	usage gjson.Result // of Converse's metadata, as far as it was told
}

// frame writes an event of that type. Bedrock pads each with a member "p" of
// random length against guessing by size; here the length follows the payload's.
func (s *stream) frame(kind string, payload map[string]any) {
	payload["p"] = "abcdefghijklmnopqrstuvwxyz"[:1+len(encode(payload))%25]
	s.write(encode(payload),
		header(eventstream.EventTypeHeader, kind),
		header(eventstream.ContentTypeHeader, "application/json"),
		header(eventstream.MessageTypeHeader, eventstream.EventMessageType))
}

// exception writes an exception, whose name begins with a small letter here.
func (s *stream) exception(x *exception) {
	name := strings.ToLower(x.name[:1]) + x.name[1:]
	s.write(x.body(),
		header(eventstream.ExceptionTypeHeader, name),
		header(eventstream.ContentTypeHeader, "application/json"),
		header(eventstream.MessageTypeHeader, eventstream.ExceptionMessageType))
}

func header(name, value string) eventstream.Header {
	return eventstream.Header{Name: name, Value: eventstream.StringValue(value)}
}

func (s *stream) write(payload []byte, headers ...eventstream.Header) {
	if s.err == nil {
		s.err = eventstream.NewEncoder().Encode(s.w, eventstream.Message{Headers: headers, Payload: payload})
	}
}
