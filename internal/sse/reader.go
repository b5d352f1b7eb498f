package sse

import (
	"bytes"
	"fmt"
	"io"
)

const (
	// defaultMaxEvent is the longest line that the OpenAI and Anthropic SDKs
	// for Go scan, so nobody behind us could read a larger event anyway.
	defaultMaxEvent = 32 << 20
	// firstBuffer holds some ten events of a usual stream.
	firstBuffer = 4 << 10
	// maxIdleReads is how many reads without data or error are taken before
	// the source is called broken; bufio uses the same figure.
	maxIdleReads = 100
)

// byteOrderMark may precede the first line and is no part of it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// TooLargeError says that an event did not fit.
type TooLargeError struct {
	// Limit is the most bytes that the lines of one event may have together.
	Limit int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("server-sent event is larger than %d bytes", e.Limit)
}

// Reader reads events from a stream. It reads no further than it must to
// complete the next event, so events arrive as early as the stream gives them.
// A Reader is for one goroutine at a time.
type Reader struct {
	src io.Reader
	max int
	err error // what src ended with, or what ended the reading

	buf     []byte // buf[start:end] is read and not yet taken
	start   int
	end     int
	scanned int // buf[start:start+scanned] is known to hold no line break
	begun   bool
	afterCR bool // the last line ended in CR: an LF that follows belongs to it

	name string // of the event being read, see setName
	last string // the name before it
	data []byte // of the event being read, each line with its "\n"
	size int    // bytes in the lines of the event being read
}

// NewReader returns a reader of r. maxEvent bounds the bytes in the lines of one
// event, field names included; it also bounds one comment. With maxEvent <= 0 it
// is 32 MiB. Memory use stays under about twice that and starts at 4 KiB.
func NewReader(r io.Reader, maxEvent int) *Reader {
	if maxEvent <= 0 {
		maxEvent = defaultMaxEvent
	}
	return &Reader{src: r, max: maxEvent, buf: make([]byte, firstBuffer)}
}

// Next returns the next event, whose Data is valid until the next call.
//
// At the end of the body it returns io.EOF. The standard discards an event that
// the body ends in; Next returns it if it has data, because some servers leave
// out the last blank line after "data: [DONE]". The price is that the data may
// be cut off, so callers must check it, which for JSON they do by reading it.
//
// An event beyond the limit gives a *TooLargeError, any other error is the body
// reader's own; an unfinished event is then lost. Errors are final: further
// calls return the same.
func (r *Reader) Next() (Event, error) {
	for {
		line, err := r.line()
		if err == io.EOF && len(r.data) > 0 {
			return r.dispatch(), nil
		}
		if err != nil {
			return Event{}, err
		}
		if len(line) == 0 {
			return r.dispatch(), nil
		}
		if line[0] == ':' {
			return Event{}, nil
		}
		r.size += len(line)
		r.field(line)
	}
}

// dispatch ends the event being read. Without data it is only a sign of life,
// whatever its name: the standard does not dispatch it.
func (r *Reader) dispatch() Event {
	var e Event
	if n := len(r.data); n > 0 {
		e = Event{Name: r.name, Data: r.data[:n-1]}
	}
	r.name, r.data, r.size = "", r.data[:0], 0
	return e
}

func (r *Reader) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "data":
		r.data = append(append(r.data, value...), '\n')
	case "event":
		r.setName(value)
	}
}

// setName avoids an allocation for each event: in a stream of deltas the name
// is the one before.
func (r *Reader) setName(value []byte) {
	if string(value) != r.last {
		r.last = string(value)
	}
	r.name = r.last
}

// line returns the next line without its line break; it is valid until the next
// call. Bytes after the last line break of the body count as a line.
func (r *Reader) line() ([]byte, error) {
	for {
		r.skipLF()
		rest := r.buf[r.start:r.end]
		if i := indexBreak(rest[r.scanned:]); i >= 0 {
			i += r.scanned
			r.afterCR = rest[i] == '\r'
			return r.take(rest[:i], i+1)
		}
		r.scanned = len(rest)
		if r.size+len(rest) > r.max {
			return nil, r.tooLarge()
		}
		if r.err == io.EOF && len(rest) > 0 {
			return r.take(rest, len(rest))
		}
		if r.err != nil {
			return nil, r.err
		}
		r.fill()
	}
}

// skipLF drops the LF of a CRLF. It is done late: waiting for it before the
// line is returned would delay an event until the next one begins.
func (r *Reader) skipLF() {
	if !r.afterCR || r.start == r.end {
		return
	}
	r.afterCR = false
	if r.buf[r.start] == '\n' {
		r.start++
	}
}

// take hands out line, which with its line break is the next n bytes.
func (r *Reader) take(line []byte, n int) ([]byte, error) {
	if r.size+len(line) > r.max {
		return nil, r.tooLarge()
	}
	r.start += n
	r.scanned = 0
	if !r.begun {
		r.begun = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	return line, nil
}

func (r *Reader) tooLarge() error {
	r.err = &TooLargeError{Limit: r.max}
	r.start, r.end, r.scanned, r.data = 0, 0, 0, nil
	return r.err
}

// fill reads once more into the buffer.
func (r *Reader) fill() {
	r.makeRoom()
	for range maxIdleReads {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// makeRoom moves or enlarges a full buffer. A line is moved at most once for
// each doubling, which keeps the reading of a long line linear.
func (r *Reader) makeRoom() {
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if r.end < len(r.buf) {
		return
	}
	to := r.buf
	if r.start == 0 {
		to = make([]byte, min(2*len(r.buf), r.max+firstBuffer))
	}
	r.end = copy(to, r.buf[r.start:r.end])
	r.buf, r.start = to, 0
}
