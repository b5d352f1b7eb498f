package leaks

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Collector takes what leaves a system and keeps what it found in it. It is safe
// for concurrent use.
type Collector struct {
	marks *Marks

	mu    sync.Mutex // guards what follows
	taken map[string]int
	leaks []Leak
}

// NewCollector returns one that looks for these marks, and for those that are
// planted later.
func NewCollector(marks *Marks) *Collector {
	return &Collector{marks: marks, taken: map[string]int{}}
}

// Take searches what left by way of a place. A place is named "kind" or "kind:
// which one"; see Missing.
func (c *Collector) Take(where string, data []byte) {
	found := c.marks.Find(where, data)
	kind, _, _ := strings.Cut(where, ":")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken[kind] += len(data)
	c.leaks = append(c.leaks, found...)
}

// mostTold bounds how many leaks Leaks tells: what leaks once leaks in each line.
const mostTold = 20

// Leaks returns what was found so far, each kind of place and mark once, and at
// most 20.
func (c *Collector) Leaks() []Leak {
	c.mu.Lock()
	defer c.mu.Unlock()
	var told []Leak
	seen := map[[2]string]bool{}
	for _, l := range c.leaks {
		kind, _, _ := strings.Cut(l.Where, ":")
		if key := [2]string{l.Mark, kind}; !seen[key] && len(told) < mostTold {
			seen[key] = true
			told = append(told, l)
		}
	}
	return told
}

// Missing returns those kinds of places from which nothing was taken. What was
// not looked at proves nothing.
func (c *Collector) Missing(kinds ...string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(kinds, func(kind string) bool { return c.taken[kind] > 0 })
}

// Transport hands on calls and takes all that is answered, head and body, for the
// collector that Of names; nil means that the answer is not looked at. What the
// caller does not read of a body did not reach it and is not taken.
type Transport struct {
	Next http.RoundTripper
	Of   func(*http.Request) *Collector
}

var _ http.RoundTripper = Transport{}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Next.RoundTrip(r)
	c := t.Of(r)
	if err != nil || c == nil {
		return resp, err
	}
	where := r.Method + " " + r.URL.Path
	c.TakeHeader("answer head: "+where, resp.Header)
	resp.Body = &copied{ReadCloser: resp.Body, done: func(body []byte) {
		c.TakeHeader("answer trailer: "+where, resp.Trailer)
		c.Take("answer body: "+where, body)
	}}
	return resp, nil
}

// TakeHeader takes names and values.
func (c *Collector) TakeHeader(where string, h http.Header) {
	var text bytes.Buffer
	for name, values := range h {
		for _, v := range values {
			fmt.Fprintf(&text, "%s: %s\n", name, v)
		}
	}
	c.Take(where, text.Bytes())
}

// copied is a body that is kept as it is read, and handed over once: at its end,
// or when the caller has had enough of it.
type copied struct {
	io.ReadCloser
	done func([]byte)

	mu   sync.Mutex // guards kept; transports close bodies that others read
	kept bytes.Buffer
	over bool
}

// Read implements io.Reader.
func (b *copied) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	b.kept.Write(p[:n])
	b.mu.Unlock()
	if err != nil {
		b.finish()
	}
	return n, err
}

// Close implements io.Closer.
func (b *copied) Close() error {
	defer b.finish()
	return b.ReadCloser.Close()
}

func (b *copied) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.over = true
		b.done(b.kept.Bytes())
	}
}
