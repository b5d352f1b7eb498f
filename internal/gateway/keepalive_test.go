package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// silent sends what it has, then the rest after a silence.
func silent(first string, silence time.Duration, rest string) transport {
	return func(r *http.Request) (*http.Response, error) {
		later := &paced{r.Context(), silence, []string{rest}, strings.NewReader("")}
		return reply(r, 200, nil, io.MultiReader(strings.NewReader(first), later))
	}
}

// TestSilenceIsBridged once a stream has begun, in the API's own way.
func TestSilenceIsBridged(t *testing.T) {
	t.Parallel()
	begun, rest := named(messageEvents[:6]...), named(messageEvents[6:]...)
	tests := []struct {
		name, path, body string
		upstream         upstreamOf
		ping             string
		pings            int
	}{
		{"chat", "/v1/chat/completions", helloStream, upstreamOf{answer: silent(lines(opening, delta("hi")), 50*time.Second, lines(finished, "[DONE]"))}, "\n\n: \n\n", 3},
		{"messages", "/v1/messages", streaming(helloMessages), upstreamOf{dialect: claudeDialect, answer: silent(begun, 50*time.Second, rest)}, "event: ping\ndata: {\"type\": \"ping\"}\n\n", 3},
		{"shorter", "/v1/messages", streaming(helloMessages), upstreamOf{dialect: claudeDialect, answer: silent(begun, 14*time.Second, rest)}, "event: ping", 0},
		{"before anything has come", "/v1/chat/completions", helloStream, upstreamOf{answer: silent("", 50*time.Second, lines(opening, delta("hi"), finished, "[DONE]"))}, ": \n\n", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.upstream.name, tt.upstream.keys = "main", []string{"k1"}
				w := newInProcess(t, tt.upstream).do(t.Context(), "POST", tt.path, tt.body)
				if got := strings.Count(w.Body.String(), strings.TrimPrefix(tt.ping, "\n\n")); w.Code != 200 || got != tt.pings {
					t.Errorf("%d with %d pings, want %d\n%s", w.Code, got, tt.pings, w.Body)
				}
			})
		})
	}
}

// TestPingToABrokenPipe: the client is gone, which nothing else has told.
func TestPingToABrokenPipe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := lines(opening, delta("hi"))
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: silent(first, 20*time.Second, lines(finished, "[DONE]"))})
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(helloStream))
		p.ServeHTTP(&brokenPipe{nowhere{header: http.Header{}}, len(first)}, r)
		if e := p.only(t); e.Code != "client_gone" {
			t.Errorf("event = %d %q, want client_gone", e.Status, e.Code)
		}
	})
}

// TestPingWaitsForNobody: while the client takes an event slowly it needs none.
func TestPingWaitsForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(lines(delta("a"), delta("b"), finished, "[DONE]"))})
		c := &slowConn{nowhere: nowhere{header: http.Header{}}, writeTakes: 40 * time.Second}
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "/v1/chat/completions", strings.NewReader(helloStream))
		began := time.Now()
		p.ServeHTTP(c, r)
		if took := time.Since(began).Truncate(time.Second); took != 160*time.Second {
			t.Errorf("took %v, want 40 s for each of four events", took)
		}
	})
}

// TestWholeAnswerThatComesAsEvents: dialects ask for it where a long silence
// would be cut. It may not be silent longer than a stream, but may last.
func TestWholeAnswerThatComesAsEvents(t *testing.T) {
	t.Parallel()
	stream := http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}}
	tests := []struct {
		name   string
		header http.Header
		every  time.Duration
		status int
		took   time.Duration
	}{
		{"events, steadily", stream, 50 * time.Second, 200, 150 * time.Second},
		{"events, and silence", stream, 70 * time.Second, 504, 130 * time.Second}, // the first may take as long as an answer
		{"no events", nil, 70 * time.Second, 200, 210 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: func(r *http.Request) (*http.Response, error) {
					return reply(r, 200, tt.header, &paced{r.Context(), tt.every, []string{okBody[:9], okBody[9:20], okBody[20:]}, strings.NewReader("")})
				}})
				began := time.Now()
				w := p.post(t.Context(), hello)
				if took := time.Since(began); w.Code != tt.status || took != tt.took {
					t.Errorf("%d after %v, want %d after %v", w.Code, took, tt.status, tt.took)
				}
			})
		})
	}
}
