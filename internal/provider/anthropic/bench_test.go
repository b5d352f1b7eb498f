package anthropic

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
)

// BenchmarkStream reads an answer of 500 deltas.
func BenchmarkStream(b *testing.B) {
	const events = 500
	body := startEvent + strings.Repeat(textEvent, events) + deltaEvent + stopEvent
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		readAll(b, body)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
}

// BenchmarkEncodeChat translates a review of a large diff with some history.
func BenchmarkEncodeChat(b *testing.B) {
	diff := strings.Repeat(`+\tif err != nil {\n+\t\treturn err\n+\t}\n`, 2000)
	body := messages(`{"role":"system","content":"You review pull requests."}`, `{"role":"user","content":"`+diff+`"}`,
		toolUse, `{"role":"tool","tool_call_id":"c1","content":"x"}`, userTurn)
	req, err := chat.Parse([]byte(body))
	if err != nil {
		b.Fatal(err)
	}
	d := newTestDialect()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.EncodeChat(req, req.Model); err != nil {
			b.Fatal(err)
		}
	}
}

func readAll(tb testing.TB, body string) {
	tb.Helper()
	s := newStream(strings.NewReader(body), false)
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
	took := func(events int) time.Duration {
		body := startEvent + strings.Repeat(textEvent, events) + deltaEvent + stopEvent
		best := time.Hour
		for range 2 {
			begin := time.Now()
			readAll(t, body)
			best = min(best, time.Since(begin))
		}
		return best
	}
	few, many := took(10_000), took(100_000)
	if many > 40*few {
		t.Errorf("10,000 events took %v, 100,000 took %v", few, many)
	}
}

// TestStreamAllocations: one allocation for an event, the text of its data. The
// race detector makes the standard library's pools forget, hence the second.
func TestStreamAllocations(t *testing.T) {
	const events = 1000
	body := startEvent + strings.Repeat(textEvent, events) + deltaEvent + stopEvent
	if got := testing.AllocsPerRun(5, func() { readAll(t, body) }) / events; got > 2 {
		t.Errorf("got %.2f allocations for an event, want at most 2", got)
	}
}
