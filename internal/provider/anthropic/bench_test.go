package anthropic

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
)

// BenchmarkStream reads an answer of 500 deltas, translated and passed through.
func BenchmarkStream(b *testing.B) {
	const events = 500
	body := startEvent + strings.Repeat(textEvent, events) + deltaEvent + stopEvent
	for _, bm := range []struct {
		name   string
		answer provider.Answer
	}{
		{"translated", &answer{now: newTestDialect().now}},
		{"native", &nativeAnswer{now: newTestDialect().now}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				readAll(b, bm.answer, body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
		})
	}
}

// review is a request like that of a review bot, with a diff of so many lines.
func review(lines int) string {
	diff := strings.Repeat(`+\tif err != nil {\n+\t\treturn err\n+\t}\n`, lines)
	return messages(`{"role":"system","content":"You review pull requests."}`, `{"role":"user","content":"`+diff+`"}`,
		toolUse, `{"role":"tool","tool_call_id":"c1","content":"x"}`, userTurn)
}

// BenchmarkEncodeChat translates a review of a small and of a large diff.
func BenchmarkEncodeChat(b *testing.B) {
	for _, bm := range []struct {
		name string
		body string
	}{{"2KB", review(40)}, {"90KB", review(2000)}} {
		b.Run(bm.name, func(b *testing.B) {
			req, err := chat.Parse([]byte(bm.body))
			if err != nil {
				b.Fatal(err)
			}
			d := newTestDialect()
			b.SetBytes(int64(len(bm.body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.EncodeChat(req, req.Model); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncodeNative patches the model of the same requests.
func BenchmarkEncodeNative(b *testing.B) {
	for _, bm := range []struct {
		name string
		body string
	}{{"2KB", review(40)}, {"90KB", review(2000)}} {
		b.Run(bm.name, func(b *testing.B) {
			r := provider.NativeRequest{API: provider.Messages, Body: []byte(bm.body), Model: "claude-opus-5"}
			d := newTestDialect()
			b.SetBytes(int64(len(bm.body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := d.EncodeNative(r); !ok {
					b.Fatal("refused")
				}
			}
		})
	}
}

func readAll(tb testing.TB, a provider.Answer, body string) {
	tb.Helper()
	s := a.Stream(strings.NewReader(body))
	for {
		if _, err := s.Next(); err == io.EOF {
			return
		} else if err != nil {
			tb.Fatal(err)
		}
	}
}

// TestStreamIsLinear: ten times the events may take ten times as long, not a
// hundred. The factor allowed is generous, since the machine is shared.
func TestStreamIsLinear(t *testing.T) {
	for name, a := range map[string]provider.Answer{
		"translated": &answer{now: newTestDialect().now}, "native": &nativeAnswer{now: newTestDialect().now},
	} {
		took := func(events int) time.Duration {
			body := startEvent + strings.Repeat(textEvent, events) + deltaEvent + stopEvent
			best := time.Hour
			for range 2 {
				begin := time.Now()
				readAll(t, a, body)
				best = min(best, time.Since(begin))
			}
			return best
		}
		few, many := took(10_000), took(100_000)
		if many > 40*few {
			t.Errorf("%s: 10,000 events took %v, 100,000 took %v", name, few, many)
		}
	}
}

// TestStreamAllocations: one allocation for an event, the text of its data. The
// race detector makes the standard library's pools forget, hence the second.
func TestStreamAllocations(t *testing.T) {
	const events = 1000
	body := startEvent + strings.Repeat(textEvent, events) + deltaEvent + stopEvent
	for name, a := range map[string]provider.Answer{
		"translated": &answer{now: newTestDialect().now}, "native": &nativeAnswer{now: newTestDialect().now},
	} {
		if got := testing.AllocsPerRun(5, func() { readAll(t, a, body) }) / events; got > 2 {
			t.Errorf("%s: got %.2f allocations for an event, want at most 2", name, got)
		}
	}
}
