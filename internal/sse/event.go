// Package sse reads and writes server-sent events as the WHATWG HTML standard
// defines them (section 9.2, "Server-sent events"), within explicit bounds.
//
// It is what both ends of a stream need and no more: ids and reconnection
// times are skipped, because no provider uses them and a gateway never
// reconnects in the middle of an answer.
package sse

import "bytes"

// Event is one server-sent event. A comment or a keep-alive blank line arrives
// as an Event with empty Name and nil Data: a sign of life.
type Event struct {
	// Name is the value of the last "event" field; empty when there was none.
	Name string
	// Data holds the values of the "data" fields joined by "\n". It is nil only
	// for a sign of life: an event whose data is empty has a non-nil Data.
	Data []byte
}

// AppendEvent appends one event to dst. name may be empty; what follows a line
// break in it is cut off, since a name has one line. data may hold line breaks
// of any of the three kinds: it becomes one data line for each line, and a
// reader joins them by "\n". Empty data is written as one empty data line, so
// that the event is still dispatched.
func AppendEvent(dst []byte, name string, data []byte) []byte {
	if line, _, _ := cutLine([]byte(name)); len(line) > 0 {
		dst = append(dst, "event: "...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
	}
	return append(appendLines(dst, "data: ", data), '\n')
}

// AppendComment appends a comment, which every client ignores, followed by a
// blank line: proxies and clients that pass on whole events only would
// otherwise hold it back. It belongs between events, not inside one.
func AppendComment(dst []byte, text string) []byte {
	return append(appendLines(dst, ": ", []byte(text)), '\n')
}

func appendLines(dst []byte, prefix string, text []byte) []byte {
	for more := true; more; {
		var line []byte
		line, text, more = cutLine(text)
		dst = append(dst, prefix...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
	}
	return dst
}

// cutLine returns the first line of text and what follows its line break; more
// is false when text has no line break.
func cutLine(text []byte) (line, rest []byte, more bool) {
	i := indexBreak(text)
	if i < 0 {
		return text, nil, false
	}
	rest = text[i+1:]
	if text[i] == '\r' {
		rest = bytes.TrimPrefix(rest, []byte{'\n'})
	}
	return text[:i], rest, true
}

// breakWindow bounds how far ahead indexBreak looks for one kind of line break
// while another may be near. Without it a stream of short lines that end in CR
// would search the whole buffer for an LF once a line.
const breakWindow = 4 << 10

// indexBreak returns the place of the first CR or LF in b, or -1. Two passes of
// IndexByte beat one of IndexAny by a wide margin: the former is vectorised.
func indexBreak(b []byte) int {
	for from := 0; from < len(b); from += breakWindow {
		window := b[from:min(from+breakWindow, len(b))]
		lf := bytes.IndexByte(window, '\n')
		if lf >= 0 {
			window = window[:lf]
		}
		if cr := bytes.IndexByte(window, '\r'); cr >= 0 {
			return from + cr
		}
		if lf >= 0 {
			return from + lf
		}
	}
	return -1
}
