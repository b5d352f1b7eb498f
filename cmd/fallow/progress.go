package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// line is a line of progress: one that is written over where somebody watches,
// and a line now and then where it goes to a file.
type line struct {
	w      io.Writer
	live   bool
	last   time.Time
	length int
}

// plainEvery is the time between two lines in a file.
const plainEvery = 15 * time.Second

func newLine(w io.Writer) *line {
	l := &line{w: w, last: time.Now()}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		l.live = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return l
}

func (l *line) show(text string) {
	switch {
	case l.live:
		fmt.Fprintf(l.w, "\r%s\x1b[K", text)
		l.length = len(text)
	case time.Since(l.last) >= plainEvery:
		l.last = time.Now()
		fmt.Fprintln(l.w, text)
	}
}

// end leaves the line clean for what comes next.
func (l *line) end() {
	if l.live && l.length > 0 {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
}

// nextPort is the same host, one port higher.
func nextPort(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port", addr)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65534 {
		return "", fmt.Errorf("%q has no port with a next one", addr)
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1)), nil
}
