package sse_test

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/sse"
)

const delta = `{"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,` +
	`"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}`

func streamOf(events int, end string) []byte {
	var body []byte
	for range events {
		body = append(body, "event: message"+end+"data: "+delta+end+end...)
	}
	return body
}

// stepReader counts the bytes asked of it and gives them in small steps, as a
// network does.
type stepReader struct {
	r     io.Reader
	step  int
	reads int
}

func (s *stepReader) Read(p []byte) (int, error) {
	s.reads++
	return s.r.Read(p[:min(len(p), s.step)])
}

// The work for N events must grow as N. Wall time would make a flaky test, so
// it counts what a quadratic reader multiplies: allocations and reads.
func TestReaderIsLinear(t *testing.T) {
	t.Parallel()
	for end, events := range map[string]int{"\n": 100_000, "\r": 20_000, "\r\n": 20_000} {
		t.Run(strconv.Quote(end), func(t *testing.T) {
			t.Parallel()
			body := streamOf(events, end)
			src := &stepReader{r: bytes.NewReader(body), step: 1000}
			r := sse.NewReader(src, 0)
			got := 0
			for {
				e, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if string(e.Data) != delta || e.Name != "message" {
					t.Fatalf("event %d: got %q %q", got, e.Name, e.Data)
				}
				got++
			}
			if got != events {
				t.Errorf("got %d events, want %d", got, events)
			}
			// Were the buffer moved for each line, reads would shrink to the rest
			// of it and their number would explode.
			if most := len(body)/src.step*2 + 10; src.reads > most {
				t.Errorf("%d reads of a body of %d bytes, want at most %d", src.reads, len(body), most)
			}
		})
	}
}

// Allocations must not depend on how many events there are.
func TestReaderAllocations(t *testing.T) {
	allocs := func(events int) float64 {
		body := streamOf(events, "\n")
		src := bytes.NewReader(nil)
		return testing.AllocsPerRun(10, func() {
			src.Reset(body)
			drain(t, sse.NewReader(src, 0))
		})
	}
	few, many := allocs(10), allocs(10_000)
	if many > few {
		t.Errorf("%v allocations for 10,000 events, want as for 10: %v", many, few)
	}
}

func drain(tb testing.TB, r *sse.Reader) {
	for {
		_, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	for _, bm := range []struct {
		name string
		body []byte
	}{
		{"500 events", streamOf(500, "\n")},
		{"500 events CR", streamOf(500, "\r")},
		{"100000 events", streamOf(100_000, "\n")},
		{"1 event of 8 MiB", sse.AppendEvent(nil, "", []byte(strings.Repeat("x", 8<<20)))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.body)))
			src := bytes.NewReader(nil)
			for b.Loop() {
				src.Reset(bm.body)
				drain(b, sse.NewReader(src, 0))
			}
		})
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	b.ReportAllocs()
	data := []byte(delta)
	var buf []byte
	for b.Loop() {
		buf = sse.AppendEvent(buf[:0], "", data)
	}
}
