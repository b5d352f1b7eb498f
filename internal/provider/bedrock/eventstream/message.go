// Package eventstream reads AWS's event stream encoding
// (application/vnd.amazon.eventstream), in which Bedrock sends what others send
// as server-sent events.
//
// A message is, big-endian: total length (4 bytes), length of the headers (4),
// CRC-32 of these eight (4), headers, payload, CRC-32 of all before it (4).
// (AWS docs, "Event stream encoding"; Smithy, "Amazon event stream".)
//
// The SDK has a decoder too (smithy-go/eventstream), which the tests use as the
// judge of this one. It lost because it believes any length up to 4 GiB and
// makes some thirty allocations for each message.
package eventstream

import (
	"encoding/binary"
	"fmt"
)

// Message is one message of a stream.
type Message struct {
	// Payload is what the message carries; JSON in Bedrock's streams.
	Payload []byte
	headers []byte // checked to be well-formed
}

// Header returns the value of a header whose type is string, or nil if there is
// none. Names are case-sensitive; those of AWS begin with a colon.
func (m Message) Header(name string) []byte {
	for rest := m.headers; len(rest) > 0; {
		var h header
		h, rest, _ = cutHeader(rest)
		if h.kind == kindString && string(h.name) == name {
			return h.value
		}
	}
	return nil
}

type header struct {
	name, value []byte
	kind        byte
}

// The types of header values. kindBytes and kindString have a length of two
// bytes before them, the others have the sizes in valueSizes.
const (
	kindBytes  = 6
	kindString = 7
)

// valueSizes: true, false, byte, short, integer, long, -, -, timestamp, UUID.
var valueSizes = [...]int{0, 0, 1, 2, 4, 8, 0, 0, 8, 16}

// cutHeader takes the first header off b, which is not empty.
func cutHeader(b []byte) (h header, rest []byte, err error) {
	nameEnd := 1 + int(b[0])
	if nameEnd+1 > len(b) {
		return h, nil, &FormatError{"a header is cut off within its name"}
	}
	h.name, h.kind, rest = b[1:nameEnd], b[nameEnd], b[nameEnd+1:]
	if int(h.kind) >= len(valueSizes) {
		return h, nil, &FormatError{fmt.Sprintf("a header has a value of the unknown type %d", h.kind)}
	}
	size := valueSizes[h.kind]
	if h.kind == kindBytes || h.kind == kindString {
		if len(rest) < 2 {
			return h, nil, &FormatError{"a header is cut off within its length"}
		}
		size, rest = int(binary.BigEndian.Uint16(rest)), rest[2:]
	}
	if size > len(rest) {
		return h, nil, &FormatError{"a header is cut off within its value"}
	}
	h.value = rest[:size]
	return h, rest[size:], nil
}

// checkHeaders walks all headers once, so that Header need not report errors.
func checkHeaders(b []byte) error {
	for len(b) > 0 {
		var err error
		if _, b, err = cutHeader(b); err != nil {
			return err
		}
	}
	return nil
}

// FormatError says that a stream is damaged, or is no event stream. Nothing
// after the damage can be read: the place of the next message is not known.
type FormatError struct {
	// Reason says what is wrong.
	Reason string
}

func (e *FormatError) Error() string { return "event stream: " + e.Reason }
