package bedrock

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
)

// manyDeltas are both forms of an answer of so many pieces.
func manyDeltas(tb testing.TB, n int) map[string][]byte {
	tb.Helper()
	head, delta, tail := chunksOf(tb, claudeEvents[:2]...), chunksOf(tb, claudeEvents[2]), chunksOf(tb, claudeEvents[3:]...)
	invoke := append(append(head, bytes.Repeat(delta, n)...), tail...)
	lines := strings.SplitAfter(converseLines, "\n")
	head, delta, tail = framesOf(tb, lines[0]), framesOf(tb, lines[1]), framesOf(tb, strings.Join(lines[2:], ""))
	return map[string][]byte{"invoke": invoke, "converse": append(append(head, bytes.Repeat(delta, n)...), tail...)}
}

func answersOf(tb testing.TB) map[string]provider.Answer {
	return map[string]provider.Answer{
		"invoke":   answerOf(tb, "anthropic.claude-opus-5"),
		"converse": answerOf(tb, "amazon.nova-pro-v1:0"),
	}
}

func drain(tb testing.TB, a provider.Answer, body []byte) {
	tb.Helper()
	s := a.Stream(bytes.NewReader(body))
	for {
		if _, err := s.Next(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkStream reads an answer of 500 pieces.
func BenchmarkStream(b *testing.B) {
	const events = 500
	bodies := manyDeltas(b, events)
	for name, a := range answersOf(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(bodies[name])))
			b.ReportAllocs()
			for b.Loop() {
				drain(b, a, bodies[name])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
		})
	}
}

// BenchmarkEncodeChat translates a review of a large diff.
func BenchmarkEncodeChat(b *testing.B) {
	diff := strings.Repeat(`+\tif err != nil {\n+\t\treturn err\n+\t}\n`, 2000)
	req := parse(b, `{"model":"m","messages":[{"role":"system","content":"You review."},{"role":"user","content":"`+diff+`"}]}`)
	for name, model := range map[string]string{"invoke": "anthropic.claude-opus-5", "converse": "amazon.nova-pro-v1:0"} {
		b.Run(name, func(b *testing.B) {
			d := newTestDialect()
			b.SetBytes(int64(len(req.Raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.EncodeChat(req, model); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestStreamIsLinear: ten times the events may take ten times as long, not a
// hundred. The factor allowed is generous, since the machine is shared.
func TestStreamIsLinear(t *testing.T) {
	few, many := manyDeltas(t, 10_000), manyDeltas(t, 100_000)
	for name, a := range answersOf(t) {
		took := func(body []byte) time.Duration {
			begin := time.Now()
			drain(t, a, body)
			return time.Since(begin)
		}
		if short, long := took(few[name]), took(many[name]); long > 40*short {
			t.Errorf("%s: 10,000 events took %v, 100,000 took %v", name, short, long)
		}
	}
}
