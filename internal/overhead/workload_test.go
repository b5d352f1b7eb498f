package overhead

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, w := range []Workload{small, large, smallStream, largeStream, smallPaced, longPaced} {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			body := w.body(3)
			var parsed struct {
				Model  string
				Stream bool
			}
			if err := json.Unmarshal(body, &parsed); err != nil {
				t.Fatalf("the body is no JSON: %v", err)
			}
			if parsed.Model != Model || parsed.Stream != w.Stream() {
				t.Errorf("model %q, stream %v, want %q, %v", parsed.Model, parsed.Stream, Model, w.Stream())
			}
			if len(body) != w.Bytes {
				t.Errorf("the body has %d bytes, want %d", len(body), w.Bytes)
			}
			if events, pace := ordered(body); events != w.Events || pace != w.Pace {
				t.Errorf("orders %d events each %s, want %d each %s", events, pace, w.Events, w.Pace)
			}
			if other := w.body(4); string(other) == string(body) {
				t.Error("two conversations have the same body")
			}
		})
	}
}

// TestOrdersSurviveGateways: they write JSON as they like.
func TestOrdersSurviveGateways(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		events     int
		pace       time.Duration
	}{
		{"written anew", `{ "stream": true, "messages": [ { "content": "a stream-of:7:250;", "role": "user" } ], "model": "x" }`, 7, 250 * time.Microsecond},
		{"none", `{"messages":[]}`, 0, 0},
		{"cut", `{"messages":[{"content":"stream-of:7`, 0, 0},
		{"no number", `"stream-of:x:1;"`, 0, 0},
		{"no pace", `"stream-of:7;"`, 0, 0},
		{"negative", `"stream-of:-7:1;"`, 0, 0},
		{"the last counts", `"stream-of:7:1; stream-of:8:0;"`, 8, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if events, pace := ordered([]byte(tt.body)); events != tt.events || pace != tt.pace {
				t.Errorf("ordered = %d, %s, want %d, %s", events, pace, tt.events, tt.pace)
			}
		})
	}
}

func TestRequestNamesItsHeaders(t *testing.T) {
	t.Parallel()
	at := Place{Addr: "127.0.0.1:1"}.to("X-One", "1")
	text := string(at.request(small, 0))
	for _, want := range []string{"POST /v1/chat/completions HTTP/1.1\r\n", "Host: 127.0.0.1:1\r\n", "Authorization: Bearer " + clientKey + "\r\n", "X-One: 1\r\n", "Content-Length: 2048\r\n", "\r\n\r\n{"} {
		if !strings.Contains(text, want) {
			t.Errorf("the request lacks %q", want)
		}
	}
}
