package eventstream

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	preludeSize = 12              // both lengths and their checksum
	minMessage  = preludeSize + 4 // and the checksum of the whole
	bufferSize  = 4 << 10         // some ten messages of a usual stream
	defaultMax  = 24 << 20        // what AWS allows a message to have
	firstRoom   = 4 << 10         // memory for a message at first
	maxStep     = 1 << 20         // the most memory that is set aside on a length's word alone
	notAStream  = "the checksum of a message's lengths is wrong; the answer is damaged or no event stream"
	badChecksum = "the checksum of a message is wrong; the answer was damaged on its way"
)

// Reader reads the messages of a stream. It is for one goroutine at a time.
type Reader struct {
	src *bufio.Reader
	max int
	buf []byte
	err error
}

// NewReader returns a reader of r. maxMessage bounds one message with all its
// parts, in bytes; with maxMessage <= 0 it is 24 MiB, AWS's own bound. Memory
// use follows the largest message seen.
func NewReader(r io.Reader, maxMessage int) *Reader {
	if maxMessage <= 0 {
		maxMessage = defaultMax
	}
	return &Reader{src: bufio.NewReaderSize(r, bufferSize), max: maxMessage, buf: make([]byte, firstRoom)}
}

// Next returns the next message, which is valid until the next call.
//
// At the end of the body it returns io.EOF if no message had begun, else
// io.ErrUnexpectedEOF. What is not a message gives a *FormatError; any other
// error is the body reader's own. Errors are final: further calls return the
// same.
func (r *Reader) Next() (Message, error) {
	if r.err != nil {
		return Message{}, r.err
	}
	m, err := r.next()
	r.err = err
	return m, err
}

func (r *Reader) next() (Message, error) {
	// The prelude is checked before its lengths are believed: the first bytes of
	// an error page would announce a message of a gigabyte.
	if _, err := io.ReadFull(r.src, r.buf[:preludeSize]); err != nil {
		return Message{}, err
	}
	if crc32.ChecksumIEEE(r.buf[:8]) != binary.BigEndian.Uint32(r.buf[8:]) {
		return Message{}, &FormatError{notAStream}
	}
	total, headers := int64(binary.BigEndian.Uint32(r.buf)), int64(binary.BigEndian.Uint32(r.buf[4:]))
	if total < minMessage+headers {
		return Message{}, &FormatError{fmt.Sprintf("a message of %d bytes cannot hold %d bytes of headers", total, headers)}
	}
	if total > int64(r.max) {
		return Message{}, &FormatError{fmt.Sprintf("a message has %d bytes, which is over the limit of %d", total, r.max)}
	}
	if err := r.fill(int(total)); err != nil {
		return Message{}, err
	}
	return r.message(int(total), int(headers))
}

// fill reads the rest of a message. A long one is given memory as it arrives.
func (r *Reader) fill(total int) error {
	for have := preludeSize; have < total; {
		if len(r.buf) < total && len(r.buf)-have < maxStep {
			grown := make([]byte, min(total, have+max(have, maxStep)))
			copy(grown, r.buf[:have])
			r.buf = grown
		}
		n, err := io.ReadFull(r.src, r.buf[have:min(total, len(r.buf))])
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		have += n
	}
	return nil
}

func (r *Reader) message(total, headers int) (Message, error) {
	end := total - 4
	if crc32.ChecksumIEEE(r.buf[:end]) != binary.BigEndian.Uint32(r.buf[end:]) {
		return Message{}, &FormatError{badChecksum}
	}
	m := Message{headers: r.buf[preludeSize : preludeSize+headers], Payload: r.buf[preludeSize+headers : end]}
	return m, checkHeaders(m.headers)
}
