package overhead

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// conn is one client's connection. One request is under way on it at a time.
type conn struct {
	net net.Conn
	in  *bufio.Reader
	buf []byte
}

func dial(t Target) (*conn, error) {
	c, err := net.DialTimeout("tcp", t.Addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 32<<10), make([]byte, 32<<10)}, nil
}

func (c *conn) close() { _ = c.net.Close() }

// answer tells when an answer came.
type answer struct {
	// first is when the first of its content was there, last when all of it was.
	first, last time.Time
}

// errCut is an answer that ended before its end.
var errCut = errors.New("the answer ended before its end")

// do sends a request and reads the answer; seen, which may be nil, is told of
// the events of each piece. After an error the connection is of no more use.
func (c *conn) do(request []byte, seen func(events int)) (answer, error) {
	if _, err := c.net.Write(request); err != nil {
		return answer{}, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return answer{}, fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	a, err := c.read(resp.Body, seen)
	if resp.Close && err == nil {
		err = errors.New("the server closes the connection after every answer")
	}
	return a, err
}

func (c *conn) read(body io.Reader, seen func(events int)) (answer, error) {
	var a answer
	var tail ending
	for {
		n, err := body.Read(c.buf)
		if n > 0 && a.first.IsZero() {
			a.first = time.Now()
		}
		if events := tail.take(c.buf[:n]); seen != nil && events > 0 {
			seen(events)
		}
		switch {
		case errors.Is(err, io.EOF):
			if a.last = time.Now(); !tail.complete() {
				return a, errCut
			}
			return a, nil
		case err != nil:
			return a, err
		}
	}
}

// ending holds the last bytes of an answer, by which a complete one is known.
type ending struct {
	last [16]byte
	n    int
}

// take goes on with a piece and counts the events whose end is in it.
func (e *ending) take(piece []byte) (events int) {
	if len(piece) == 0 {
		return 0
	}
	events = bytes.Count(piece, []byte("\n\n"))
	if e.n > 0 && e.last[e.n-1] == '\n' && piece[0] == '\n' {
		events++
	}
	if len(piece) < len(e.last) { // keep what still fits of those before
		keep := copy(e.last[:], e.last[max(0, e.n+len(piece)-len(e.last)):e.n])
		e.n = keep + copy(e.last[keep:], piece)
		return events
	}
	e.n = copy(e.last[:], piece[len(piece)-len(e.last):])
	return events
}

// complete reports whether it was the end of a whole answer or of a stream.
func (e *ending) complete() bool {
	end := bytes.TrimSpace(e.last[:e.n])
	return bytes.HasSuffix(end, []byte("}")) || bytes.HasSuffix(end, []byte("[DONE]"))
}
