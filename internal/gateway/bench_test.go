package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/provider/openai"
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

// BenchmarkContent is what a route that logs adds: mostly to read and redact the
// prompt and the answer, once the client has it.
func BenchmarkContent(b *testing.B) {
	for _, bm := range []struct {
		name   string
		logs   bool
		stream bool
	}{{"silent", false, false}, {"logged", true, false}, {"silent stream", false, true}, {"logged stream", true, true}} {
		b.Run(bm.name, func(b *testing.B) {
			g := newTapped(b, openai.New(openai.Config{}), told(bm.stream), nil)
			body := review(bm.logs, bm.stream)
			b.ReportAllocs()
			for b.Loop() {
				g.ask(b, "POST", "/v1/chat/completions", body)
				g.order, g.content = g.order[:0], g.content[:0]
			}
		})
	}
}

// TestSilentRoutesPayNothing: a gateway that could log allocates no more for a
// route that does not than one that cannot.
func TestSilentRoutesPayNothing(t *testing.T) {
	for _, stream := range []bool{false, true} {
		able := newTapped(t, openai.New(openai.Config{}), told(stream), nil)
		unable := newTapped(t, openai.New(openai.Config{}), told(stream), nil)
		unable.deafen(t)
		cost := func(g *tapped, logs bool) float64 {
			body := review(logs, stream)
			return testing.AllocsPerRun(20, func() {
				g.ask(t, "POST", "/v1/chat/completions", body)
				g.order, g.content = g.order[:0], g.content[:0]
			})
		}
		silent, none, logged := cost(able, false), cost(unable, true), cost(able, true)
		const noise = 9 // of the race detector, which empties pools of buffers; a tap makes 28
		if silent > none+noise {
			t.Errorf("stream %v: %v allocations for a silent route, %v without any logging", stream, silent, none)
		}
		if logged <= silent+noise {
			t.Errorf("stream %v: %v allocations with logging, %v without: nothing is compared", stream, logged, silent)
		}
	}
}

// told answers with 500 words, in one or as many events.
func told(stream bool) transport {
	if !stream {
		return saying(strings.Replace(saidWhole, "write to", strings.Repeat("a word or ", 200), 1))
	}
	var words []string
	for i := range 499 {
		words = append(words, delta(fmt.Sprintf("word %d ", i)))
	}
	return saying(lines(append(words, finished, "[DONE]")...))
}

// review is a request of 2 KB to a route that logs, or to one that does not.
func review(logs, stream bool) string {
	model := map[bool]string{true: "m", false: "silent"}[logs]
	return fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":%q}]}`, model, stream, strings.Repeat("a word or ", 200))
}
