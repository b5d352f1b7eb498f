package simprovider

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simprovider/fault"
)

func TestRefusingFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		effect     fault.Effect
		anthropic  int
		openai     int
		retryAfter string
	}{
		{fault.Stuck, 429, 429, "10"},
		{fault.Ramp, 429, 429, "5"},
		{fault.Concurrency, 429, 429, "5"},
		{fault.SpendCap, 429, 429, ""},
		{fault.OwnLimit, 400, 429, ""},
		{fault.Billing, 402, 429, ""},
		{fault.LowCredit, 400, 429, ""},
		{fault.Hold, 400, 403, ""},
		{fault.Revoked, 401, 401, ""},
		{fault.Forbidden, 403, 403, ""},
		{fault.Overloaded, 529, 503, ""},
		{fault.ServerError, 500, 500, ""},
		{fault.Unavailable, 503, 503, ""},
		{fault.Timeout, 504, 504, ""},
		{fault.TooLargePage, 413, 413, ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.effect), func(t *testing.T) {
			t.Parallel()
			p := New(Config{})
			p.Inject(Fault{Effect: tt.effect, Key: "sim-key-1"})
			a, o := ask(p, messagesPath, "sim-key-1", haiku), ask(p, chatPath, "sim-key-1", gpt)
			if a.Code != tt.anthropic || o.Code != tt.openai {
				t.Errorf("status %d and %d, want %d and %d", a.Code, o.Code, tt.anthropic, tt.openai)
			}
			if got := a.Header().Get("retry-after"); got != tt.retryAfter {
				t.Errorf("retry-after %q, want %q", got, tt.retryAfter)
			}
			for name := range a.Header() {
				if strings.HasPrefix(name, "Anthropic-Ratelimit") {
					t.Errorf("%s is there, though the limiter never saw the request", name)
				}
			}
			if w := ask(p, messagesPath, "sim-key-2", haiku); w.Code != 200 {
				t.Errorf("the other key gets %d too", w.Code)
			}
			if c := p.Stats().Keys["sim-key-1"]; c.Refused[string(tt.effect)] != 2 || c.Wasted != 2 {
				t.Errorf("counts %+v, want 2 refused by %s and wasted", c, tt.effect)
			}
		})
	}
}

func TestStuckEndsAfterItsWindow(t *testing.T) {
	t.Parallel()
	clock := newClock()
	p := New(Config{Now: clock.Now})
	p.Inject(Fault{Effect: fault.Stuck, For: 20 * time.Minute, RetryAfter: 1500 * time.Millisecond})
	w := ask(p, messagesPath, "sim-key-1", haiku)
	if w.Code != 429 || w.Header().Get("retry-after") != "2" {
		t.Errorf("%d retry-after %q, want 429 and whole seconds rounded up", w.Code, w.Header().Get("retry-after"))
	}
	clock.advance(20 * time.Minute)
	if w := ask(p, messagesPath, "sim-key-1", haiku); w.Code != 200 {
		t.Errorf("%d after the window, want 200", w.Code)
	}
}

func TestOverloadWaveStrikesItsShare(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(1, 1, Limits{}), Seed: 3})
	p.Inject(Fault{Effect: fault.Overloaded, Probability: 0.6})
	for range 1000 {
		ask(p, messagesPath, "sim-key-1", haiku)
	}
	if got := p.Stats().Total().Refused["overloaded"]; got < 550 || got > 650 {
		t.Errorf("%d of 1000 struck, want about 600", got)
	}
}

func TestShrinkingLimits(t *testing.T) {
	t.Parallel()
	p := New(Config{Organisations: Organisations(1, 2, Limits{Requests: 1000})})
	limit := func() string {
		return ask(p, messagesPath, "sim-key-1", haiku).Header().Get("anthropic-ratelimit-requests-limit")
	}
	before := limit()
	id := p.Inject(Fault{Effect: fault.Shrink, Factor: 0.5})
	during := limit()
	p.Clear(id)
	if after := limit(); before != "1000" || during != "500" || after != "1000" {
		t.Errorf("limits %s, %s, %s; want 1000, 500, 1000", before, during, after)
	}
}

func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	orgs := Organisations(1, 1, Roomy)
	orgs[0].MaxInFlight = 1
	p := New(Config{Organisations: orgs})
	p.orgs["org-1"].counts.InFlight = 1
	w := ask(p, messagesPath, "sim-key-1", haiku)
	if w.Code != 429 || w.Header().Get("retry-after") != "5" || !strings.Contains(w.Body.String(), "concurrent connections") {
		t.Errorf("%d %s, want a 429 about connections", w.Code, w.Body)
	}
	if c := p.Stats().Keys["sim-key-1"]; c.Refused["in_flight"] != 1 || c.Wasted != 0 {
		t.Errorf("counts %+v, want one refused by in_flight", c)
	}
}

func TestCutBeforeHeaders(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	s := listen(t, p)
	p.Inject(Fault{Effect: fault.Cut})
	if resp, _, err := post(t, s, messagesPath, haiku); err == nil {
		t.Errorf("got status %d, want a broken connection", resp.StatusCode)
	}
	if c := p.Stats().Total(); c.Wasted != 1 || c.InFlight != 0 {
		t.Errorf("counts %+v, want one wasted and none in flight", c)
	}
}

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		effect  fault.Effect
		path    string
		body    string
		content string // what a content event has in it
		err     error
		end     string // what the body ends with
		never   string // what it must not have
	}{
		{"error event", fault.StreamError, messagesPath, haikuStream, "text_delta", nil, "}\n\n", "message_stop"},
		{"error event", fault.StreamError, chatPath, gptStream, `{"content":"`, nil, `"code":null}}` + "\n\n", "[DONE]"},
		{"cut", fault.StreamCut, messagesPath, haikuStream, "text_delta", io.ErrUnexpectedEOF, "}\n\n", "message_stop"},
		{"cut", fault.StreamCut, chatPath, gptStream, `{"content":"`, io.ErrUnexpectedEOF, "}\n\n", "[DONE]"},
		{"clean end without terminator", fault.StreamEnd, messagesPath, haikuStream, "text_delta", nil, "}\n\n", "message_stop"},
		{"clean end without terminator", fault.StreamEnd, chatPath, gptStream, `{"content":"`, nil, "}\n\n", "[DONE]"},
	}
	for _, tt := range tests {
		t.Run(tt.name+tt.path, func(t *testing.T) {
			t.Parallel()
			p := New(Config{})
			s := listen(t, p)
			for _, chunks := range []int{0, 3, 10_000} {
				p.Inject(Fault{Effect: tt.effect, Chunks: chunks, Count: 1})
				resp, got, err := post(t, s, tt.path, tt.body)
				if resp == nil || resp.StatusCode != 200 {
					t.Fatalf("%d chunks: no 200: %v", chunks, err)
				}
				if !errors.Is(err, tt.err) || !strings.HasSuffix(got, tt.end) || strings.Contains(got, tt.never) {
					t.Errorf("%d chunks: ended with %v after %q", chunks, err, got)
				}
				// The first chunk of a chat has an empty content of its own.
				if n := strings.Count(got, tt.content); chunks < 10_000 && n != chunks {
					t.Errorf("%d content events, want %d", n, chunks)
				}
				if has := strings.Contains(got, `"error"`); has != (tt.effect == fault.StreamError) {
					t.Errorf("%d chunks: error event there: %v", chunks, has)
				}
			}
			if c := p.Stats().Total(); c.Broken != 3 || c.Answered != 0 || c.InFlight != 0 {
				t.Errorf("counts %+v, want 3 broken", c)
			}
		})
	}
}

func TestBrokenWholeAnswers(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	s := listen(t, p)
	for _, effect := range []fault.Effect{fault.StreamCut, fault.StreamEnd} {
		p.Inject(Fault{Effect: effect, Count: 1})
		if _, got, err := post(t, s, messagesPath, haiku); !errors.Is(err, io.ErrUnexpectedEOF) || got == "" {
			t.Errorf("%s: %q ended with %v, want half a body and a broken connection", effect, got, err)
		}
	}
	p.Inject(Fault{Effect: fault.StreamError, Count: 1})
	if resp, _, err := post(t, s, messagesPath, haiku); err != nil || resp.StatusCode != 529 {
		t.Errorf("stream_error: %v, want a 529", err)
	}
}

func TestStallUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"stream": haikuStream, "whole": haiku} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := New(Config{})
			p.Inject(Fault{Effect: fault.Stall})
			s := listen(t, p)
			ctx := t.Context()
			r := newRequest(ctx, http.MethodPost, s.URL+messagesPath, "sim-key-1", body)
			client := &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 50 * time.Millisecond}}
			defer client.CloseIdleConnections()
			resp, err := client.Do(r)
			if name == "stream" {
				// The headers come, and then nothing: the client hangs up.
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			} else if err == nil {
				resp.Body.Close()
				t.Error("a whole answer came in spite of the stall")
			}
			s.Close() // waits for the handler, so it must have noticed
			if c := p.Stats().Total(); c.Broken != 1 || c.InFlight != 0 {
				t.Errorf("counts %+v, want one broken", c)
			}
		})
	}
}

func TestInjectPanicsOnNonsense(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a fault without effect was accepted")
		}
	}()
	New(Config{}).Inject(Fault{})
}
