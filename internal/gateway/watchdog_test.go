package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// In these tests the first token and silence are bounded by a minute, an
// answer in all by 14.

// TestPatience is what a provider may take for a stream.
func TestPatience(t *testing.T) {
	t.Parallel()
	ping := ": thinking\n\n"
	times := func(n int, piece string) []string { return slices.Repeat([]string{piece}, n) }
	first, rest := lines(opening, delta("hi")), lines(finished, "[DONE]")
	tests := []struct {
		name   string
		first  string // comes at once
		every  time.Duration
		pieces []string // come one by one
		status int
		ends   string // the end of the body
		took   time.Duration
	}{
		{"nothing at all", "", time.Hour, times(1, first), 504, "", time.Minute},
		{"content just in time", "", 59 * time.Second, []string{first, rest}, 200, "[DONE]", 2 * 59 * time.Second},
		{"silence after content", first, 61 * time.Second, times(1, rest), 200, "timeout", time.Minute},
		{"slow and steady", "", 50 * time.Second, append(append([]string{first}, times(10, lines(delta("x")))...), rest), 200, "[DONE]", 12 * 50 * time.Second},
		{"longer than an answer may take", "", 50 * time.Second, append([]string{first}, times(20, lines(delta("x")))...), 200, "timeout", 14 * time.Minute},
		{"thinking aloud for long", "", 5 * time.Second, append(times(60, ping), first, rest), 200, "[DONE]", 62 * 5 * time.Second},
		{"signs of life and nothing else", "", 5 * time.Second, times(1000, ping), 200, "timeout", 14 * time.Minute},
		{"silence after an opening", lines(opening), 61 * time.Second, times(1, rest), 504, "", time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
					later := &paced{r.Context(), tt.every, slices.Clone(tt.pieces), until(r.Context())}
					return reply(r, 200, nil, io.MultiReader(strings.NewReader(tt.first), later))
				}})
				began := time.Now()
				w := p.post(t.Context(), helloStream)
				if w.Code != tt.status || !strings.Contains(tail(w.Body.String()), tt.ends) {
					t.Errorf("%d …%q, want %d and %q", w.Code, tail(w.Body.String()), tt.status, tt.ends)
				}
				// An answer that ended well is drained for a moment.
				if took := time.Since(began); took < tt.took || took > tt.took+50*time.Millisecond {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				p.noRest(t)
			})
		})
	}
}

func tail(s string) string { return s[max(0, len(s)-120):] }

// TestNothingGoesOutBeforeContent: until then another key may answer. After
// the hold-back the client gets its sign of life.
func TestNothingGoesOutBeforeContent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body, provider := io.Pipe()
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, nil, body)
		}})
		w := &nowhere{header: http.Header{}}
		served := make(chan struct{})
		go func() {
			defer close(served)
			r, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(helloStream))
			p.ServeHTTP(w, r)
		}()
		say := func(text string, wantStatus int) {
			t.Helper()
			_, _ = io.WriteString(provider, text)
			synctest.Wait()
			if w.status != wantStatus {
				t.Errorf("after %q: status %d, want %d", text, w.status, wantStatus)
			}
		}
		time.Sleep(20 * time.Second) // fake time, as below
		say(lines(opening), 0)
		say(": ping\n\n", 0)
		time.Sleep(10 * time.Second)
		say(": ping\n\n", 0)
		time.Sleep(10 * time.Second)
		say(": ping\n\n", 200)
		if e := p.events; len(e) != 0 {
			t.Errorf("reported while it runs: %+v", e)
		}
		time.Sleep(10 * time.Second)
		say(lines(delta("hi"), finished, "[DONE]"), 200)
		_ = provider.Close()
		<-served
		if e := p.only(t); e.FirstToken != 50*time.Second || e.Code != "" {
			t.Errorf("event = %+v, want the first token at 50s, which was no ping", e)
		}
	})
}

// TestHeldBackAtMost: when too much comes before content, it goes out, and a
// fault after that is told and not hidden.
func TestHeldBackAtMost(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{
		"events": strings.Repeat(lines(opening), 64),
		"pings":  strings.Repeat(": ping\n\n", 64),
		"bytes":  lines(`{"object":"chat.completion.chunk","choices":[],"x":"` + strings.Repeat("x", 300<<10) + `"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1", "k2"}, answer: func(r *http.Request) (*http.Response, error) {
				calls++
				return reply(r, 200, nil, strings.NewReader(before+lines(inStreamOverload)))
			}})
			w := p.post(t.Context(), helloStream)
			if w.Code != 200 || !strings.Contains(tail(w.Body.String()), "server_is_overloaded") || strings.Contains(w.Body.String(), "[DONE]") || calls != 1 {
				t.Errorf("%d …%q after %d calls, want the error event after one", w.Code, tail(w.Body.String()), calls)
			}
			if e := p.only(t); e.Status != 200 || e.Code != "server_is_overloaded" || e.FirstToken != 0 {
				t.Errorf("event = %+v, want 200 with the fault's code and no first token", e)
			}
		})
	}
}

// TestEmptyAnswer: an answer may well be empty; what was held is all of it.
func TestEmptyAnswer(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(lines(opening, "[DONE]"))})
	w := p.post(t.Context(), helloStream)
	if got, want := w.Body.String(), lines(opening, "[DONE]"); w.Code != 200 || got != want {
		t.Errorf("%d %q, want 200 %q", w.Code, got, want)
	}
	if e := p.only(t); e.Status != 200 || e.Code != "" {
		t.Errorf("event = %d %q, want a success", e.Status, e.Code)
	}
}

// TestWholeAnswerIsBounded: by the time it takes in all, and by its size.
func TestWholeAnswerIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: stalling(`{"id":`)})
		began := time.Now()
		if w := p.post(t.Context(), hello); w.Code != 504 || time.Since(began) != 14*time.Minute {
			t.Errorf("%d after %v, want 504 after 14m", w.Code, time.Since(began))
		}
	})
}

// TestAnswerTooLargeToHold: memory is what a small Lambda has least of.
func TestAnswerTooLargeToHold(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
		if calls++; calls > 1 {
			return reply(r, 400, nil, strings.NewReader(`{}`)) // once is enough for a test
		}
		return reply(r, 200, nil, endlessly{})
	}})
	p.post(t.Context(), hello)
	if e := p.only(t); e.Attempts[0].Class != upstream.Provider {
		t.Errorf("attempts = %+v, want a provider's fault first", e.Attempts)
	}
}

type endlessly struct{}

func (endlessly) Read(p []byte) (int, error) { return len(p), nil }

// TestBodyThatBreaks: a provider's connection may end with any error.
func TestBodyThatBreaks(t *testing.T) {
	t.Parallel()
	breaking := func(before string) transport {
		return func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, nil, io.MultiReader(strings.NewReader(before), brokenReader{}))
		}
	}
	for _, tt := range []struct {
		name, body string
		answer     transport
		status     int
	}{
		{"whole", hello, breaking(`{"id":`), 502},
		{"before content", helloStream, breaking(lines(opening)), 502},
		{"after content", helloStream, breaking(lines(opening, delta("hi"))), 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: tt.answer})
				w := p.post(t.Context(), tt.body)
				wantAnswer(t, w.Code, w.Body.String(), tt.status, "upstream_unreachable")
				p.noRest(t)
			})
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// TestPingsOfAnotherDialect: Anthropic's pings are signs of life too.
func TestPingsOfAnotherDialect(t *testing.T) {
	t.Parallel()
	const ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n"
	body := strings.Repeat(ping, 70) + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n"
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: anthropic.New(anthropic.Config{}), answer: saying(body)})
	w := p.post(t.Context(), helloStream)
	if got := strings.Count(w.Body.String(), ": \n\n"); got != 70 || !strings.Contains(tail(w.Body.String()), "server_is_overloaded") {
		t.Errorf("%d comments, …%q; want 70 and the error", got, tail(w.Body.String()))
	}
}

// TestStreamIsReadToItsEnd: else its connection could not be used again, and
// each stream would cost the next request a handshake. Its watchdog goes with it.
func TestStreamIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	body := &endingBody{Reader: strings.NewReader(lines(opening, delta("hi"), finished, "[DONE]"))}
	var call context.Context
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
		call = r.Context()
		return &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, Body: body, ContentLength: -1}, nil
	}})
	p.post(t.Context(), helloStream)
	if !body.ended || !body.closed {
		t.Errorf("read to the end: %v, closed: %v; want both", body.ended, body.closed)
	}
	if cause := context.Cause(call); cause != context.Canceled {
		t.Errorf("the call's context ended with %v, want it ended, and by nothing that watches", cause)
	}
}

// endingBody gives its end apart from its last bytes, as a chunked body does.
type endingBody struct {
	io.Reader
	ended, closed bool
}

func (b *endingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.ended = b.ended || err == io.EOF && !b.closed
	return n, err
}

func (b *endingBody) Close() error { b.closed = true; return nil }
