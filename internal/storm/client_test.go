package storm

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/simulation"
)

const (
	chatStream = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n" +
		"data: {\"choices\":[{\"delta\":{\"content\":\"Fine.\"}}]}\n\ndata: [DONE]\n\n"
	messagesStream = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Fine.\"}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
)

// gateway answers its n-th request with what answers[n] says, and the last of
// them from then on: a status with retry-after, or a body.
func gateway(t *testing.T, answers ...string) (url string, requests func() []*http.Request) {
	t.Helper()
	var mu sync.Mutex
	var all []*http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		text := answers[min(len(all), len(answers)-1)]
		all = append(all, r)
		mu.Unlock()
		var status int
		var after string
		if n, _ := fmt.Sscanf(text, "%d %s", &status, &after); n > 0 {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(status)
			return
		}
		if text == "hang" {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// newClient is 100 times as quick as the clock.
func newClient(t *testing.T, e Entry) *client {
	t.Helper()
	at := newPace(100)
	at.begin()
	transport := newTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return &client{
		http: &http.Client{Transport: transport}, entry: e, model: "claude-sonnet-5",
		pace: at, random: func() float64 { return 0 }, patience: time.Minute,
	}
}

func TestClientIsAnSDK(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		answers []string
		want    Outcome
		tries   int
		refused int
	}{
		{"an answer", []string{chatStream}, Answered, 1, 0},
		{"in the other dialect", []string{messagesStream}, Answered, 1, 0},
		{"a 429 and then an answer", []string{"429 0", chatStream}, Answered, 2, 1},
		{"two retries and no more", []string{"429 0"}, Limited, 3, 3},
		{"overload", []string{"529 0"}, Overloaded, 3, 0},
		{"unavailable and then an answer", []string{"503 0", chatStream}, Answered, 2, 0},
		{"a fault of the client's is not retried", []string{"400 0"}, Failed, 1, 0},
		{"nor is a broken stream", []string{strings.TrimSuffix(chatStream, "data: [DONE]\n\n")}, Failed, 1, 0},
		{"nor one with an error", []string{"data: {\"error\":{\"code\":\"upstream_truncated\"}}\n\n"}, Failed, 1, 0},
		{"patience", []string{"hang"}, Abandoned, 1, 0},
		{"patience between two tries", []string{"429 0.3", "hang"}, Abandoned, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, requests := gateway(t, tt.answers...)
			s := newClient(t, Entry{URL: url, Token: "key"}).do(t.Context(), simulation.Request{ID: 7, Input: 500})
			if s.outcome != tt.want || s.tries != tt.tries || len(s.refused) != tt.refused || len(requests()) != tt.tries {
				t.Errorf("%s after %d tries (%d arrived), refused %d times; want %s, %d, %d: %s",
					s.outcome, s.tries, len(requests()), len(s.refused), tt.want, tt.tries, tt.refused, s.problem)
			}
			if answered := tt.want == Answered; answered && s.first == 0 || answered != (s.problem == "") {
				t.Errorf("first token after %v, problem %q", s.first, s.problem)
			}
		})
	}
}

func TestClientRetriesWithoutAConnection(t *testing.T) {
	t.Parallel()
	s := newClient(t, Entry{URL: "http://127.0.0.1:1"}).do(t.Context(), simulation.Request{Input: 100})
	if s.outcome != Failed || s.tries != 3 || !strings.HasPrefix(s.problem, "no answer: ") {
		t.Errorf("got %s after %d tries: %s", s.outcome, s.tries, s.problem)
	}
}

func TestInterruptedIsNotAbandoned(t *testing.T) {
	t.Parallel()
	url, _ := gateway(t, "hang")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if s := newClient(t, Entry{URL: url}).do(ctx, simulation.Request{Input: 100}); s.outcome != Interrupted {
		t.Errorf("got %s", s.outcome)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		tries int
		after time.Duration
		want  time.Duration // on a clock 10 times as slow
	}{
		{"first", 1, 0, 50 * time.Millisecond},
		{"second", 2, 0, 100 * time.Millisecond},
		{"bounded", 9, 0, 800 * time.Millisecond},
		{"what the provider says", 1, 2 * time.Second, 2 * time.Second},
		{"not over a minute", 1, 7 * time.Second, 50 * time.Millisecond},
	}
	for _, tt := range tests {
		c := &client{pace: newPace(10), random: func() float64 { return 0 }}
		if got := c.backoff(tt.tries, tt.after); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		c.random = func() float64 { return 1 }
		if got := c.backoff(tt.tries, 0); got < 3*c.pace.real(firstRetry)/4 {
			t.Errorf("%s: %v is more than a quarter less", tt.name, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "3", 3 * time.Second}, {"Retry-After-Ms", "250", 250 * time.Millisecond},
		{"Retry-After", "soon", 0}, {"Retry-After", "-1", 0}, {"Retry-After", "NaN", 0}, {"X", "", 0},
	}
	for _, tt := range tests {
		if got := retryAfter(http.Header{tt.name: {tt.value}}); got != tt.want {
			t.Errorf("%s %s: %v, want %v", tt.name, tt.value, got, tt.want)
		}
	}
}

// TestHeads: each dialect has its own, a batch says so, and a peer's own are
// added.
func TestHeads(t *testing.T) {
	t.Parallel()
	url, requests := gateway(t, chatStream)
	own := http.Header{"X-Portkey-Config": {"{}"}}
	newClient(t, Entry{URL: url, Token: "key", Header: own}).do(t.Context(), simulation.Request{Input: 100, Batch: true})
	newClient(t, Entry{URL: url, Token: "key", Native: true}).do(t.Context(), simulation.Request{Input: 100})
	chat, native := requests()[0], requests()[1]
	if chat.URL.Path != "/v1/chat/completions" || chat.Header.Get("Authorization") != "Bearer key" ||
		chat.Header.Get("X-Fallow-Priority") != "batch" || chat.Header.Get("X-Portkey-Config") != "{}" {
		t.Errorf("chat: %s %v", chat.URL.Path, chat.Header)
	}
	if native.URL.Path != "/v1/messages" || native.Header.Get("X-Api-Key") != "key" || native.Header.Get("X-Fallow-Priority") != "" {
		t.Errorf("native: %s %v", native.URL.Path, native.Header)
	}
}

// FuzzReadStream: no stream makes the reader fail in another way than it says.
func FuzzReadStream(f *testing.F) {
	f.Add([]byte(chatStream))
	f.Add([]byte(messagesStream))
	f.Add([]byte("data: {\"error\":{}}\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := readStream(strings.NewReader(string(data)), func() {})
		if whole && err == nil && !strings.Contains(string(data), "[DONE]") && !strings.Contains(string(data), "message_stop") {
			t.Error("an answer without an end was taken for whole")
		}
	})
}
