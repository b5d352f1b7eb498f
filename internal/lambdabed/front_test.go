package lambdabed_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/lambdabed"
)

func TestRequestGoesThroughUnchanged(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{Environments: 1})
	tests := []struct {
		name, contentType, encoding string
		body                        []byte
	}{
		{"json", "application/json", "", []byte(`{"text":"<é> & \u0000"}`)},
		{"text with a charset", "text/plain; charset=utf-8", "", []byte("one\ntwo")},
		{"form", "application/x-www-form-urlencoded", "", []byte("a=1&b=2")},
		{"binary", "application/octet-stream", "", []byte{0, 1, 0xff, 0xfe}},
		{"text that is none", "application/json", "", []byte{'"', 0xff, '"'}},
		{"compressed", "application/json", "gzip", []byte("zzz")},
		{"untyped", "", "", []byte("x")},
		{"empty", "application/json", "", nil},
		{"large", "application/json", "", bytes.Repeat([]byte("x"), 5<<20)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, _ := http.NewRequest(http.MethodPost, b.URL()+"/echo?q=a%20b&q=c", bytes.NewReader(tt.body))
			req.Header["X-Repeated"] = []string{"one", "two"}
			req.Header.Set("Cookie", "theme=dark; tab=keys")
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			if tt.encoding != "" {
				req.Header.Set("Content-Encoding", tt.encoding)
			}
			res := send(t, req)
			if res.StatusCode != http.StatusCreated || res.body != string(tt.body) || res.err != nil {
				t.Fatalf("got %d, %d bytes (%v), want 201, %d bytes", res.StatusCode, len(res.body), res.err, len(tt.body))
			}
			checkHeaders(t, res, len(tt.body))
		})
	}
	if got := b.Stats(); got.ColdStarts != 1 {
		t.Errorf("one request after another took %d environments, want 1", got.ColdStarts)
	}
}

func checkHeaders(t *testing.T, res answer, length int) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Line":       "POST /echo?q=a%20b&q=c",
		"X-Length":     itoa(length),
		"X-From":       "198.51.100.1:0",
		"X-Cookie":     "theme=dark; tab=keys",
		"X-Repeated":   "one,two",
		"X-Invocation": res.Header.Get("X-Amzn-Requestid"),
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("got %s: %q, want %q", name, got, want)
		}
	}
	if got := strings.Join(res.Header["Set-Cookie"], "|"); got != "a=1|b=2" {
		t.Errorf("got cookies %q, want both", got)
	}
}

// If anything on the way kept an event back, this test would not end.
func TestStreamIsPrompt(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{}), newGate(t)
	res, err := http.Get(b.URL() + "/stream?visit=" + g.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 64)
	for n := range 3 {
		<-g.visits // the function has written event n and waits
		got, err := res.Body.Read(buf)
		if want := "data: " + itoa(n) + "\n\n"; string(buf[:got]) != want || err != nil {
			t.Errorf("got %q (%v), want %q", buf[:got], err, want)
		}
		g.release <- struct{}{}
	}
	if _, err := res.Body.Read(buf); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("got type %q", got)
	}
}

func TestClientThatHangsUpDoesNotStopTheFunction(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{}), newGate(t)
	ctx, hangUp := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.URL()+"/stream?visit="+g.URL, nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	hangUp()
	res.Body.Close()
	for range 3 {
		g.pass() // the function gets through all its events
	}
	wait(t, b, lambdabed.Idle)
	if got := b.Stats(); got.Crashes != 0 || got.Environments != 1 {
		t.Errorf("got %+v, want an environment that lives on", got)
	}
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path string
		status     int
		body       string
		broken     bool
		crashes    int
	}{
		{"panic before the first byte", "/panic", 500, "internal_error", false, 0},
		{"panic in mid-stream", "/midstream/panic", 200, "data: 1\n\n", true, 0},
		{"exit before the first byte", "/exit", 502, "Internal Server Error", false, 1},
		{"too large", "/big?bytes=2097153", 200, "", true, 1},
		{"as large as can be", "/big?bytes=2096000", 200, "", false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, lambdabed.Config{ResponseLimit: 2 << 20})
			res := getIdle(t, b, tt.path)
			if res.StatusCode != tt.status || !strings.Contains(res.body, tt.body) {
				t.Errorf("got %d %.100q, want %d and %q", res.StatusCode, res.body, tt.status, tt.body)
			}
			if got := res.err != nil; got != tt.broken {
				t.Errorf("got broken %t (%v), want %t", got, res.err, tt.broken)
			}
			wait(t, b, func(s lambdabed.Stats) bool { return s.Crashes == tt.crashes })
			if again := getIdle(t, b, "/pid"); again.StatusCode != http.StatusOK {
				t.Errorf("the next request got %d", again.StatusCode)
			}
			if got := b.Stats(); got.ColdStarts != 1+tt.crashes {
				t.Errorf("got %d cold starts, want %d", got.ColdStarts, 1+tt.crashes)
			}
		})
	}
}

func TestExitInMidStream(t *testing.T) {
	t.Parallel()
	b, g := start(t, lambdabed.Config{}), newGate(t)
	res, err := http.Get(b.URL() + "/midstream/exit?visit=" + g.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	g.pass()
	if body, err := io.ReadAll(res.Body); string(body) != "data: 1\n\n" || err != io.ErrUnexpectedEOF {
		t.Errorf("got %q, %v, want the first event and a cut", body, err)
	}
	wait(t, b, func(s lambdabed.Stats) bool { return s.Crashes == 1 && s.Environments == 0 })
}

func TestRequestLimit(t *testing.T) {
	t.Parallel()
	b := start(t, lambdabed.Config{})
	for name, contentType := range map[string]string{"text": "text/plain", "base64": "image/png"} {
		t.Run(name, func(t *testing.T) {
			size := 6 << 20 // and the event's other members on top
			if contentType == "image/png" {
				size = 6 << 20 * 3 / 4
			}
			res, err := http.Post(b.URL()+"/echo", contentType, bytes.NewReader(make([]byte, size)))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge || res.Header.Get("X-Fallow-Request-Id") != "" {
				t.Errorf("got %d, want Lambda's own 413", res.StatusCode)
			}
		})
	}
	if got := b.Stats(); got.Invocations != 0 {
		t.Errorf("got %d invocations, want none", got.Invocations)
	}
}
