package responses

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/provider"
)

// agentTurn is a request as an agent sends it late in a task: some 90 KB.
func agentTurn(turns int) []byte {
	var b strings.Builder
	b.WriteString(`{"model":"m","instructions":"` + strings.Repeat("You are a coding agent. ", 400) + `","stream":true,"store":false,` +
		`"include":["reasoning.encrypted_content"],"tools":[{"type":"function","name":"exec","parameters":{"type":"object"}},` +
		`{"type":"custom","name":"patch"}],"input":[{"role":"user","content":[{"type":"input_text","text":"Fix the bug."}]}`)
	for i := range turns {
		fmt.Fprintf(&b, `,{"type":"reasoning","summary":[],"encrypted_content":%s}`, sealOf(`{"type":"reasoning.text","text":"Let me look.","signature":"EqQB"}`))
		fmt.Fprintf(&b, `,{"type":"function_call","call_id":"c%d","name":"exec","arguments":"{\"cmd\":\"cat a.go\"}"}`, i)
		fmt.Fprintf(&b, `,{"type":"function_call_output","call_id":"c%d","output":"%s"}`, i, strings.Repeat(`func f() {}\n`, 120))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	body := agentTurn(50)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConversation(b *testing.B) {
	req, err := Parse(agentTurn(50))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		req.Conversation()
	}
}

func BenchmarkEncode(b *testing.B) {
	body := agentTurn(50)
	req, err := Parse(body)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := Encode(req, compatible{}, provider.NativeRequest{Model: "up"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream is for the cost of one event; the upstream's side is the bench's
// own reader.
func BenchmarkStream(b *testing.B) {
	for name, delta := range map[string]string{
		"text":   `{"content":"Hello"}`,
		"custom": `{"tool_calls":[{"index":0,"id":"c","function":{"arguments":"+ line\\n"}}]}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			s := encode(b, streamed).Answer.Stream(repeated(1<<40, delta))
			for b.Loop() {
				if _, err := s.Next(); errors.Is(err, io.EOF) {
					b.Fatal("the stream has ended")
				}
			}
		})
	}
}
