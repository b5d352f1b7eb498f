package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// nowhere is a client that takes everything.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) Flush()                      {}

// BenchmarkRequest is everything the gateway does for a request: parse, book
// in a pool of four keys, translate, send, relay, settle, report. Only the
// networks are missing.
func BenchmarkRequest(b *testing.B) {
	var words []string
	for i := range 499 {
		words = append(words, delta(fmt.Sprintf("word %d ", i)))
	}
	stream := lines(append(words, finished, "[DONE]")...)
	small, large := strings.Repeat("a word or ", 200), strings.Repeat("a word or ", 9000)
	whole := `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"` + small + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`
	for _, bm := range []struct {
		name, prompt string
		stream       bool
		answer       transport
	}{
		{"2KB", small, false, saying(whole)},
		{"90KB", large, false, saying(whole)},
		{"2KB/stream of 500 events", small, true, saying(stream)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			g := newInProcess(b, upstreamOf{name: "main", keys: []string{"k1", "k2", "k3", "k4"}, answer: bm.answer})
			body := fmt.Sprintf(`{"model":"m","stream":%v,"messages":[{"role":"user","content":%q}]}`, bm.stream, bm.prompt)
			b.ReportAllocs()
			for b.Loop() {
				r, _ := http.NewRequest("POST", "/v1/chat/completions", strings.NewReader(body))
				w := &nowhere{header: http.Header{}}
				if g.ServeHTTP(w, r); w.status != 200 {
					b.Fatalf("status = %d", w.status)
				}
				g.events = g.events[:0]
			}
		})
	}
}
