package simprovider

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestStartRefusesTheNetwork(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80", "example.com:80", "127.0.0.1"} {
		s, err := Start(t.Context(), Config{}, addr)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was accepted", addr)
		}
	}
	if err := loopback("[::1]:0"); err != nil {
		t.Errorf("loopback of IPv6 is refused: %v", err)
	}
}

func TestStartReportsATakenPort(t *testing.T) {
	t.Parallel()
	s := serve(t, t.Context(), Config{})
	_, err := Start(t.Context(), Config{}, strings.TrimPrefix(s.URL(), "http://"))
	if err == nil || !strings.Contains(err.Error(), "simprovider: ") {
		t.Errorf("Start on a taken port = %v", err)
	}
}

func serve(t *testing.T, ctx context.Context, cfg Config) *Server {
	t.Helper()
	s, err := Start(ctx, cfg, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestCloseEndsStreams: an answer of an hour must not hold up the end.
func TestCloseEndsStreams(t *testing.T) {
	t.Parallel()
	s := serve(t, t.Context(), Config{Latency: Latency{Total: Spread{P50: time.Hour}}})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(newRequest(t.Context(), http.MethodPost, s.URL()+messagesPath, "sim-key-1", haikuStream))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); line != "event: message_start\n" {
		t.Fatalf("first line %q, %v", line, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if c := s.Stats().Total(); c.Broken != 1 || c.InFlight != 0 {
		t.Errorf("counts %+v, want the stream broken", c)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
}

func TestEndOfContextClosesTheServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, ctx, Config{})
	cancel()
	<-s.Done()
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("it still answers")
	}
}
