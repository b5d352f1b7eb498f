package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/telemetry"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// phases are the moments of a request at which it can be ended from outside.
// Each stays in its phase for ever.
var phases = []struct {
	name   string
	body   string
	answer transport
	told   bool // something has reached the client
	// status and code are the answer when the request's time is over.
	status int
	code   string
}{
	{"waiting for room", hello, refusing(429, http.Header{"Retry-After": {"300"}}, slowDown), false, 429, "pool_exhausted"}, // known at once
	{"sending", hello, unanswered, false, 504, "timeout"},
	{"reading a refusal", hello, func(r *http.Request) (*http.Response, error) { return reply(r, 500, nil, until(r.Context())) }, false, 502, "upstream_error"}, // the status had said enough
	{"reading a whole answer", hello, stalling(`{"id":`), false, 504, "timeout"},
	{"pausing after a fault", hello, refusing(503, http.Header{"Retry-After": {"2"}}, `{}`), false, 503, "server_is_overloaded"},
	{"holding back", helloStream, stalling(lines(opening)), false, 504, "timeout"},
	{"relaying", helloStream, stalling(lines(opening, delta("hi"))), true, 200, "timeout"},
}

const slowDown = `{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}`

// unanswered takes the request and says nothing.
func unanswered(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// TestClientLeaves: whenever it does, the call is ended, nobody is blamed and
// the event says so.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	for _, phase := range phases {
		t.Run(phase.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls []context.Context
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, wait: time.Hour, answer: func(r *http.Request) (*http.Response, error) {
					calls = append(calls, r.Context())
					return phase.answer(r)
				}})
				ctx, leave := context.WithCancel(t.Context())
				served := make(chan struct{})
				go func() {
					defer close(served)
					w := p.post(ctx, phase.body)
					if got := w.Body.Len() > 0; got != phase.told || !got && w.Code != 499 {
						t.Errorf("%d, written: %q; an empty 200 would be a lie", w.Code, w.Body)
					}
				}()
				synctest.Wait()
				leave()
				<-served
				e := p.only(t)
				if e.Status != 499 || e.Code != "client_gone" {
					t.Errorf("event = %d %s, want 499 client_gone", e.Status, e.Code)
				}
				if phase.name == "waiting for room" {
					return // the key was refused before
				}
				p.noRest(t)
				for _, call := range calls {
					if call.Err() == nil {
						t.Error("a call outlived its client")
					}
				}
				if last := e.Attempts[len(e.Attempts)-1].Class; last == upstream.Connect || last == upstream.Timeout {
					t.Errorf("attempt class = %s: the provider is blamed for the client's leaving", last)
				}
			})
		})
	}
}

// errNear is how a front may name the deadline it sets before its own.
var errNear = errors.New("the invocation is close to its deadline")

// TestDeadline: a request whose time is over is still answered, and properly.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, phase := range phases {
		t.Run(phase.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, wait: time.Hour, answer: phase.answer})
				ctx, cancel := context.WithDeadlineCause(t.Context(), time.Now().Add(time.Second), errNear)
				defer cancel()
				w := p.post(ctx, phase.body)
				wantAnswer(t, w.Code, w.Body.String(), phase.status, phase.code)
				if got := strings.Contains(w.Body.String(), `"hi"`); got != phase.told || strings.Contains(w.Body.String(), "[DONE]") {
					t.Errorf("body = %q, want content: %v, and no [DONE]", w.Body, phase.told)
				}
				e := p.only(t)
				if e.Status != phase.status || e.Code != phase.code || e.Total > time.Second {
					t.Errorf("event = %d %s after %v, want %d %s within a second", e.Status, e.Code, e.Total, phase.status, phase.code)
				}
				if phase.code == "timeout" {
					p.noRest(t)
					if got := e.Attempts[0].Class; got != upstream.Timeout {
						t.Errorf("attempt class = %q, want timeout", got)
					}
				}
			})
		})
	}
}

// TestOverBeforeItBegan: no key is looked for.
func TestOverBeforeItBegan(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: unanswered})
	late, stop := context.WithDeadlineCause(t.Context(), time.Now(), errNear)
	defer stop()
	if w := p.post(late, hello); w.Code != 504 || w.Header().Get("X-Fallow-Attempts") != "" {
		t.Errorf("late: %d %v, want 504 without an attempt", w.Code, w.Header())
	}
	if e := p.only(t); e.Code != "timeout" || len(e.Attempts) != 0 {
		t.Errorf("event = %+v, want a timeout without an attempt", e)
	}
}

func wantAnswer(t *testing.T, status int, body string, wantStatus int, wantCode string) {
	t.Helper()
	if status != wantStatus || !strings.Contains(body, `"code":"`+wantCode+`"`) {
		t.Errorf("%d %s, want %d %s", status, body, wantStatus, wantCode)
	}
}

// TestUsageOfAnAbandonedStream: what was consumed by then is reported.
func TestUsageOfAnAbandonedStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: stalling(lines(opening, delta("a"), delta("b")))})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		p.post(ctx, helloStream)
		if e := p.only(t); e.Usage.OutputTokens != 2 || e.Usage.Exact {
			t.Errorf("usage = %+v, want 2 tokens, not exact", e.Usage)
		}
	})
}

// brokenPipe is a client that takes some bytes and then no more.
type brokenPipe struct {
	nowhere
	takes int
}

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.takes -= len(p); b.takes < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

// TestWriteFails: a client that no longer reads is one that left.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body   string
		answer transport
		takes  int
	}{
		"whole answer":   {hello, saying(`{"choices":[]}`), 0},
		"held events":    {helloStream, saying(lines(opening, delta("a"), finished, "[DONE]")), 0},
		"later events":   {helloStream, saying(lines(opening, delta("a"), finished, "[DONE]")), 400},
		"the very last":  {helloStream, saying(lines(delta("a"), finished, "[DONE]")), len(lines(delta("a"), finished))},
		"an error event": {helloStream, saying(lines(delta("a"))), len(lines(delta("a")))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer})
			r, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(tt.body))
			p.ServeHTTP(&brokenPipe{nowhere{header: http.Header{}}, tt.takes}, r)
			e := p.only(t)
			if name == "an error event" { // how it broke off says more
				if e.Code != "upstream_truncated" {
					t.Errorf("event = %d %s, want upstream_truncated", e.Status, e.Code)
				}
				return
			}
			if e.Status != 499 || e.Code != "client_gone" || e.Attempts[0].Class != "" {
				t.Errorf("event = %+v, want 499 client_gone and an attempt that answered", e)
			}
			p.noRest(t)
		})
	}
}

// TestClientLeftBeforeTheAnswerWasWhole: what goes into a buffer has reached
// nobody.
func TestClientLeftBeforeTheAnswerWasWhole(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
		leave()
		return saying(okBody)(r)
	}})
	p.post(ctx, hello)
	if e := p.only(t); e.Status != 499 || e.Code != "client_gone" {
		t.Errorf("event = %d %s, want 499 client_gone", e.Status, e.Code)
	}
}

// TestFlushFails: net/http tells of a closed connection only then.
func TestFlushFails(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(lines(delta("a"), finished, "[DONE]"))})
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(helloStream))
	p.ServeHTTP(closedConn{&nowhere{header: http.Header{}}}, r)
	if e := p.only(t); e.Status != 499 {
		t.Errorf("status = %d, want 499", e.Status)
	}
}

type closedConn struct{ http.ResponseWriter }

func (closedConn) FlushError() error { return errors.New("broken pipe") }

func TestAttemptOfALeftClientIsNobodysFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: unanswered})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		p.post(ctx, hello)
		e := p.only(t)
		if len(e.Attempts) != 1 || e.Attempts[0].Class != telemetry.ClientGone || e.Attempts[0].Took != time.Second {
			t.Errorf("attempts = %+v, want one of class client_gone that took 1s", e.Attempts)
		}
	})
}
