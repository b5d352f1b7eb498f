package storm

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestQueueWaits: who is refused tries again, as often as it takes, and the
// client learns nothing of it.
func TestQueueWaits(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var at []time.Time
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		at = append(at, time.Now())
		n := len(at)
		mu.Unlock()
		if n < 4 {
			w.WriteHeader(429)
			return
		}
		_, _ = w.Write(body)
	}))
	defer provider.Close()
	e, err := Queue().Start(t.Context(), World{Provider: provider.URL, Keys: []string{"k"}, Compress: 50})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(e.URL+"/v1/messages", "application/json", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || string(text) != "hello" || len(at) != 4 {
		t.Errorf("%d %q after %d calls", resp.StatusCode, text, len(at))
	}
	first, last := at[1].Sub(at[0]), at[3].Sub(at[2])
	if first < 15*time.Millisecond || last < 60*time.Millisecond { // 1 s and 4 s, less a quarter, 50 times as fast
		t.Errorf("it waited %v and in the end %v", first, last)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestQueueGivesUp when its client has left, before and while it is served.
func TestQueueGivesUp(t *testing.T) {
	t.Parallel()
	url, _ := gateway(t, "429 0")
	e, err := Queue().Start(t.Context(), World{Provider: url, Keys: []string{"k"}, Compress: 1})
	if err != nil {
		t.Fatal(err)
	}
	transport := newTransport()
	var all sync.WaitGroup
	for range queueWorkers + 3 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, "POST", e.URL+"/v1/messages", strings.NewReader("hello"))
			if resp, err := (&http.Client{Transport: transport}).Do(req); err == nil {
				_ = resp.Body.Close()
				t.Errorf("answered %d", resp.StatusCode)
			}
		})
	}
	all.Wait()
	transport.CloseIdleConnections()
	if err := e.Close(); err != nil {
		t.Errorf("something was still running: %v", err)
	}
}
