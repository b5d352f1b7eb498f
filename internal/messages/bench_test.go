package messages

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

// agentTurn is a request of a coding agent, of about so many bytes: a system prompt,
// tools, and results of tools.
func agentTurn(size int) string {
	const code = `\tif err != nil {\n\t\treturn fmt.Errorf(\"read %q: %w\", name, err)\n\t}\n`
	result := strings.Repeat(code, max(1, size/4/len(code)))
	step := func(i int) string {
		return fmt.Sprintf(`,{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_%d","name":"Read","input":{"path":"a.go"}}]}`+
			`,{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_%d","content":[{"type":"text","text":"%s"}]}]}`, i, i, result)
	}
	return `{"model":"claude-sonnet-5","max_tokens":32000,"stream":true,"system":[{"type":"text","text":"You are an agent.","cache_control":{"type":"ephemeral"}}],` +
		`"tools":[{"name":"Read","description":"Reads.","input_schema":{"type":"object","properties":{"path":{"type":"string"}}}}],` +
		`"messages":[{"role":"user","content":[{"type":"text","text":"` + result + `"}]}` + step(1) + step(2) + step(3) + `]}`
}

func BenchmarkEncode(b *testing.B) {
	for name, size := range map[string]int{"2KB": 1 << 10, "90KB": 90 << 10} {
		b.Run(name, func(b *testing.B) {
			body := []byte(agentTurn(size))
			d := openai.New(openai.Config{})
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				req, err := Parse(body)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Encode(req, d, provider.NativeRequest{API: provider.Messages, Body: body, Model: "gpt-5"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkConversation(b *testing.B) {
	req := parse(b, agentTurn(90<<10))
	b.ReportAllocs()
	for b.Loop() {
		req.Conversation()
	}
}

func BenchmarkStream(b *testing.B) {
	const events = 500
	answer, body := call(b, turn).Answer, textStream(events)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		readAll(b, answer, body)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
}

func textStream(events int) []byte {
	return chunks(append(repeat(`"content":" word"`, events), ""), "stop")
}

func repeat(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

func readAll(tb testing.TB, answer provider.Answer, body []byte) {
	tb.Helper()
	s := answer.Stream(bytes.NewReader(body))
	for {
		if _, err := s.Next(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			tb.Fatal(err)
		}
	}
}

// Ten times the events may take ten times as long, not a hundred; also if all wait
// for a first call that never ends. The factor allowed is generous, since the
// machine is shared.
func TestStreamIsLinear(t *testing.T) {
	const open = `"tool_calls":[{"index":0,"id":"a","function":{"name":"A","arguments":"{"}}]`
	const first = `"tool_calls":[{"index":0,"function":{"arguments":"1"}}]`
	const second = `"content":"x","tool_calls":[{"index":1,"id":"b","function":{"name":"B","arguments":"["}}]`
	streams := map[string]func(int) []byte{
		"text":      textStream,
		"arguments": func(n int) []byte { return chunks(append([]string{open}, repeat(first, n)...), "stop") },
		"waiting":   func(n int) []byte { return chunks(append([]string{open}, repeat(second, n)...), "stop") },
		"new calls": func(n int) []byte {
			list := []string{open}
			for i := range n {
				list = append(list, fmt.Sprintf(`"tool_calls":[{"index":%d,"id":"c%d","function":{"name":"B","arguments":"{}"}}]`, i+1, i))
			}
			return chunks(list, "stop")
		},
	}
	answer := call(t, turn).Answer
	for name, stream := range streams {
		took := func(events int) time.Duration {
			body := stream(events)
			begin := time.Now()
			readAll(t, answer, body)
			return time.Since(begin)
		}
		n := 3_000
		if name == "text" {
			n = 10_000 // the way of nearly every event
		}
		few, many := time.Duration(0), time.Hour
		for tries := 0; many > 40*few && tries < 3; tries++ { // others may have had the processor
			few, many = took(n), took(10*n)
		}
		if many > 40*few {
			t.Errorf("%s: %d events took %v, ten times as many %v", name, n, few, many)
		}
	}
}
