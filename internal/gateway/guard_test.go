package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// panicking is a body that panics when it is read, after its beginning.
func panicking(before string, cause any) transport {
	return func(r *http.Request) (*http.Response, error) {
		return reply(r, 200, nil, io.MultiReader(strings.NewReader(before), panicReader{cause}))
	}
}

type panicReader struct{ cause any }

func (p panicReader) Read([]byte) (int, error) { panic(p.cause) }

// TestPanic: before the first byte it becomes an answer, after it the answer is
// cut. Either way the request is settled and reported, once, as what it was.
func TestPanic(t *testing.T) {
	t.Parallel()
	bug := errors.New("a bug")
	tests := []struct {
		name   string
		answer transport
		cut    bool
		status int // as reported
		logged bool
	}{
		{"while sending", func(*http.Request) (*http.Response, error) { panic(bug) }, false, 500, true},
		{"while holding back", panicking(lines(opening), bug), false, 500, true},
		{"while relaying", panicking(lines(opening, delta("hi")), bug), true, 200, true},
		{"a wish to cut, before the first byte", panicking(lines(opening), http.ErrAbortHandler), true, 500, false},
		{"a wish to cut, after it", panicking(lines(opening, delta("hi")), http.ErrAbortHandler), true, 200, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer})
			w := httptest.NewRecorder()
			cause := recovered(func() {
				p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(helloStream)))
			})
			if cut := cause == http.ErrAbortHandler; cut != tt.cut || !cut && cause != nil {
				t.Errorf("panicked with %v, want the answer cut: %v", cause, tt.cut)
			}
			if !tt.cut {
				wantAnswer(t, w.Code, w.Body.String(), 500, "internal_error")
			}
			if strings.Contains(w.Body.String(), "a bug") || strings.Contains(w.Body.String(), "[DONE]") {
				t.Errorf("the client got %q", w.Body)
			}
			if e := p.only(t); e.Status != tt.status || e.Code != "internal_error" {
				t.Errorf("event = %d %s, want %d internal_error", e.Status, e.Code, tt.status)
			}
			if got := strings.Contains(p.log.String(), "a bug"); got != tt.logged {
				t.Errorf("logged: %q", p.log)
			}
			p.noRest(t)
		})
	}
}

func recovered(f func()) (cause any) {
	defer func() { cause = recover() }()
	f()
	return nil
}

// slowConn is a server's side of a connection whose client is slow: it records
// the deadlines it is given, and keeps to them.
type slowConn struct {
	nowhere
	readBy, writeBy time.Time
	writeTakes      time.Duration
}

func (c *slowConn) SetReadDeadline(t time.Time) error  { c.readBy = t; return nil }
func (c *slowConn) SetWriteDeadline(t time.Time) error { c.writeBy = t; return nil }

func (c *slowConn) Write(p []byte) (int, error) {
	if c.writeBy.IsZero() {
		return 0, errors.New("a write without a bound")
	}
	if time.Sleep(c.writeTakes); time.Now().After(c.writeBy) { // fake time
		return 0, os.ErrDeadlineExceeded
	}
	return len(p), nil
}

// slowBody arrives after a time, or not when its connection's deadline is over.
type slowBody struct {
	conn  *slowConn
	takes time.Duration
	io.Reader
}

func (b slowBody) Read(p []byte) (int, error) {
	if time.Sleep(b.takes); !b.conn.readBy.IsZero() && time.Now().After(b.conn.readBy) { // fake time
		return 0, os.ErrDeadlineExceeded
	}
	return b.Reader.Read(p)
}

// TestSlowClients cannot hold a request for ever: neither by sending its body
// nor by taking its answer as slowly as they like.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	const s = time.Second
	tests := []struct {
		name                   string
		bodyTakes, writesTake  time.Duration
		answer                 transport
		wantStatus, wantReport int
		wantCode               string
	}{
		{"body in time", 10 * s, 0, saying(lines(delta("a"), "[DONE]")), 200, 200, ""},
		{"body too late", 61 * s, 0, saying(lines(delta("a"), "[DONE]")), 408, 408, "request_timeout"},
		{"each event in time", 0, 50 * s, saying(lines(delta("a"), delta("b"), finished, "[DONE]")), 200, 200, ""},
		{"does not read", 0, 61 * s, saying(lines(delta("a"), delta("b"), finished, "[DONE]")), 200, 499, "client_gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer})
				c := &slowConn{nowhere: nowhere{header: http.Header{}}, writeTakes: tt.writesTake}
				r, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", slowBody{c, tt.bodyTakes, strings.NewReader(helloStream)})
				p.ServeHTTP(c, r)
				if e := p.only(t); c.status != tt.wantStatus || e.Status != tt.wantReport || e.Code != tt.wantCode {
					t.Errorf("status %d, reported %d %q; want %d, %d %q", c.status, e.Status, e.Code, tt.wantStatus, tt.wantReport, tt.wantCode)
				}
				if tt.wantStatus == 200 && !c.readBy.IsZero() {
					t.Error("the bound of the body still stands; it would end the connection in mid-answer")
				}
			})
		})
	}
}

// hasty shortens the time that a body may take on a real connection.
type hasty struct{ http.ResponseWriter }

func (h hasty) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h hasty) SetReadDeadline(at time.Time) error {
	if !at.IsZero() {
		at = time.Now().Add(10 * time.Millisecond)
	}
	return http.NewResponseController(h.ResponseWriter).SetReadDeadline(at)
}

// TestSlowBodyIsTold: net/http ends the context of a request whose connection is
// read too late, as if the client had left; it is still there.
func TestSlowBodyIsTold(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(okBody)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.ServeHTTP(hasty{w}, r) }))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n%s", hello[:20])
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, resp.StatusCode, string(body), 408, "request_timeout")
	server.Close() // the request is over then
	if e := p.only(t); e.Status != 408 || e.Code != "request_timeout" {
		t.Errorf("event = %d %q, want 408 request_timeout", e.Status, e.Code)
	}
}

// TestBodyThatDoesNotCome whole is the client's fault, and not a timeout.
func TestBodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(okBody)})
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", io.MultiReader(strings.NewReader(hello[:20]), brokenReader{})))
	wantAnswer(t, w.Code, w.Body.String(), 400, "incomplete_body")
}

// TestFrontWithoutConnection: one that can only Flush, as Lambda's, is enough.
func TestFrontWithoutConnection(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(lines(delta("a"), finished, "[DONE]"))})
	w := p.post(t.Context(), helloStream)
	if !w.Flushed || !strings.HasSuffix(w.Body.String(), "[DONE]\n\n") {
		t.Errorf("flushed %v, body %q", w.Flushed, w.Body)
	}
	plain := &struct{ http.ResponseWriter }{httptest.NewRecorder()} // cannot even flush
	p.ServeHTTP(plain, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(helloStream)))
	if e := p.events[1]; e.Status != 200 || e.Code != "" {
		t.Errorf("event = %d %q, want a success", e.Status, e.Code)
	}
}
