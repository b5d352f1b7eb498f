package estimate_test

import (
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
)

// review is a request of a review bot with so many bytes of diff.
func review(size int) string {
	diff := strings.Repeat(`+\tif err := run(ctx, \"main\"); err != nil {\n`, size/46)
	return `{"model":"claude-sonnet-5","stream":true,"messages":[{"role":"system","content":"You review pull requests."},` +
		`{"role":"user","content":"` + diff + `"}],"tools":[{"type":"function","function":{"name":"comment",` +
		`"parameters":{"type":"object","properties":{"line":{"type":"integer"}}}}}]}`
}

// agent is a conversation of many small turns, about so many bytes in all.
func agent(size int) string {
	turn := `{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"read","arguments":"{\"path\":\"main.go\"}"}}]},` +
		`{"role":"tool","tool_call_id":"call_1","content":"package main\n\nfunc main() {\n\tprintln(\"hello\")\n}\n"},`
	return `{"model":"m","messages":[` + strings.Repeat(turn, size/len(turn)) + `{"role":"user","content":"go on"}]}`
}

func picture(size int) string {
	data := append([]byte("\xff\xd8\xff\xe1\x40\x00"), make([]byte, size/4*3)...)
	copy(data[0x4002+2:], "\xff\xc0\x00\x11\x08\x0b\xd0\x0f\xc0")
	return `{"model":"m","messages":[{"role":"user","content":[` + imagePart("data:image/jpeg;base64,"+encode(data)) + `]}]}`
}

func BenchmarkMeasure(b *testing.B) {
	for _, bm := range []struct{ name, body string }{
		{"review 2KB", review(2 << 10)},
		{"review 90KB", review(90 << 10)},
		{"agent 90KB", agent(90 << 10)},
		{"CJK by number 90KB", `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat(`\u4e2d`, 15<<10) + `"}]}`},
		{"picture 5MB", picture(5 << 20)},
		{"PDF 5MB", `{"model":"m","messages":[{"role":"user","content":[` + filePart(pdf(100, 36<<10)) + `]}]}`},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r, f := parse(b, bm.body), estimate.Anthropic("claude-sonnet-5")
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.body)))
			for b.Loop() {
				estimate.Measure(r, f)
			}
		})
	}
}

// BenchmarkParse is what the measurement comes on top of.
func BenchmarkParse(b *testing.B) {
	body := []byte(review(90 << 10))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := chat.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokensAndLearn(b *testing.B) {
	var r estimate.Ratios
	s := estimate.Size{Text: 30_000, Wide: 100, JSON: 5000, Fixed: 40}
	b.ReportAllocs()
	for b.Loop() {
		r.Learn("m", s, read(float64(r.Tokens("m", s))))
	}
}
