package gateway_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
)

const inStreamOverload = `{"error":{"message":"busy","type":"server_error","param":null,"code":"server_is_overloaded"}}`

func TestStreamIsPassedOn(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	answer := events(opening, delta("hel"), delta("lo"), finished, "[DONE]")
	u.on("main_k1", answer)
	u.on("main_k2", answer)
	b := newBench(t, u, options{})
	got := b.post(t, helloStream)
	want := "data: " + strings.Join([]string{opening, delta("hel"), delta("lo"), finished, "[DONE]"}, "\n\ndata: ") + "\n\n"
	if got.body != want {
		t.Errorf("stream = %q\nwant %q", got.body, want)
	}
	for header, want := range map[string]string{
		"Content-Type": "text/event-stream; charset=utf-8", "X-Fallow-Target": "main/m", "X-Fallow-Attempts": "1",
	} {
		if got := got.Header.Get(header); got != want {
			t.Errorf("%s = %q, want %q", header, got, want)
		}
	}
}

// TestFailureBeforeContentIsInvisible: opening events do not count as content.
func TestFailureBeforeContentIsInvisible(t *testing.T) {
	t.Parallel()
	good := events(opening, delta("hi"), finished, "[DONE]")
	for name, bad := range map[string]http.HandlerFunc{
		"error event": events(opening, inStreamOverload),
		"cut":         events(opening, abort),
		"early end":   events(opening),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			main, backup := newProvider(t), newProvider(t)
			main.on("main_k1", bad)
			main.on("main_k2", bad)
			backup.on("backup_k1", good)
			backup.on("backup_k2", good)
			got := newBench(t, main, options{backup: backup}).post(t, helloStream)
			if got.StatusCode != 200 || !strings.HasSuffix(got.body, "data: [DONE]\n\n") || strings.Contains(got.body, "error") {
				t.Errorf("%d %q, want the backup's clean stream", got.StatusCode, got.body)
			}
			if strings.Count(got.body, `"role":"assistant"`) != 1 {
				t.Errorf("held events of the failed attempt went out: %q", got.body)
			}
		})
	}
}

// TestFailureAfterContentIsTold: nothing can be taken back, so the client must
// learn of it from the stream, and must not be told [DONE].
func TestFailureAfterContentIsTold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		tail string
		code string
	}{
		{"error event", inStreamOverload, "server_is_overloaded"},
		{"cut", abort, "upstream"},
		{"early end", "", "upstream_truncated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := newProvider(t)
			lines := []string{opening, delta("hi")}
			if tt.tail != "" {
				lines = append(lines, tt.tail)
			}
			u.on("main_k1", events(lines...))
			u.on("main_k2", events(lines...))
			b := newBench(t, u, options{})
			got := b.post(t, helloStream)
			if got.StatusCode != 200 || !strings.Contains(got.body, `"hi"`) {
				t.Fatalf("%d %q, want the content that had come", got.StatusCode, got.body)
			}
			if !strings.Contains(got.body, `data: {"error":`) || !strings.Contains(got.body, tt.code) || strings.Contains(got.body, "[DONE]") {
				t.Errorf("stream ends %q, want an error event with %q and no [DONE]", got.body, tt.code)
			}
			if u.total() != 1 {
				t.Errorf("calls = %d, want 1: no fail-over after content", u.total())
			}
			if e := b.last(t); e.Code == "" || e.Status != 200 {
				t.Errorf("event = status %d code %q, want 200 and a code", e.Status, e.Code)
			}
		})
	}
}

func TestSilentProviderIsLeft(t *testing.T) {
	t.Parallel()
	limits := config.Timeouts{
		Connect: config.Duration(time.Second), FirstToken: config.Duration(50 * time.Millisecond),
		Idle: config.Duration(50 * time.Millisecond), Total: config.Duration(10 * time.Second),
	}
	silent := func(lines ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			events(lines...)(w, r)
			<-r.Context().Done()
		}
	}
	t.Run("before the first token another target answers", func(t *testing.T) {
		t.Parallel()
		main, backup := newProvider(t), newProvider(t)
		main.on("main_k1", silent(opening))
		main.on("main_k2", silent(opening))
		good := events(opening, delta("hi"), finished, "[DONE]")
		backup.on("backup_k1", good)
		backup.on("backup_k2", good)
		got := newBench(t, main, options{backup: backup, timeouts: limits}).post(t, helloStream)
		if got.StatusCode != 200 || main.total() != 1 || backup.total() != 1 {
			t.Errorf("%d after %d+%d calls, want 200 after 1+1", got.StatusCode, main.total(), backup.total())
		}
	})
	t.Run("after it the client is told", func(t *testing.T) {
		t.Parallel()
		u := newProvider(t)
		u.on("main_k1", silent(opening, delta("hi")))
		u.on("main_k2", silent(opening, delta("hi")))
		got := newBench(t, u, options{timeouts: limits}).post(t, helloStream)
		if !strings.Contains(got.body, `"code":"timeout"`) {
			t.Errorf("stream = %q, want a timeout event", got.body)
		}
	})
}

func TestDepartedClientEndsTheCall(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	gone := make(chan struct{})
	hang := func(w http.ResponseWriter, r *http.Request) {
		events(opening, delta("hi"))(w, r)
		<-r.Context().Done()
		close(gone)
	}
	u.on("main_k1", hang)
	b := newBench(t, u, options{keys: []string{"k1"}})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "POST", b.URL+"/v1/chat/completions", strings.NewReader(helloStream))
	resp, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the call to the provider outlived its client")
	}
}
