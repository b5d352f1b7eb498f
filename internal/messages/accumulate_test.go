package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
)

// content is a content block, as a client has it in the end.
type content struct {
	Type, Text, Thinking, Signature, Data, ID, Name string
	Input                                           json.RawMessage
}

// accumulated is a message that a client built from events.
type accumulated struct {
	content    []content
	stopReason string
	usage      gjson.Result
}

// accumulator is a client stricter than any SDK: it takes events only in the order
// that Anthropic documents.
type accumulator struct {
	accumulated
	started, open, ended, stopped bool
	partial                       strings.Builder
}

func accumulate(s provider.Stream) (accumulated, error) {
	var a accumulator
	for {
		chunk, err := s.Next()
		if errors.Is(err, io.EOF) {
			if !a.stopped {
				return a.accumulated, errors.New("the stream ended without message_stop")
			}
			return a.accumulated, nil
		}
		if err != nil {
			return a.accumulated, err
		}
		if len(chunk.Data) == 0 && !chunk.Content {
			continue
		}
		if err := a.take(chunk); err != nil {
			return a.accumulated, fmt.Errorf("%w, at %s", err, chunk.Data)
		}
	}
}

func (a *accumulator) take(chunk provider.Chunk) error {
	if !json.Valid(chunk.Data) {
		return errors.New("not JSON")
	}
	e := gjson.ParseBytes(chunk.Data)
	kind := e.Get("type").Str
	switch {
	case kind != chunk.Event:
		return fmt.Errorf("event is named %q", chunk.Event)
	case chunk.Content != strings.HasPrefix(kind, "content_block"):
		return fmt.Errorf("content is %v", chunk.Content)
	case (kind == "message_start") == a.started, a.stopped:
		return errors.New("out of order")
	}
	switch kind {
	case "message_start":
		a.started = true
		return a.start(e.Get("message"))
	case "ping":
		return nil
	case "message_delta":
		a.stopReason, a.usage, a.ended = e.Get("delta.stop_reason").Str, e.Get("usage"), true
	case "message_stop":
		a.stopped = true
		if !a.ended {
			return errors.New("no message_delta before")
		}
	default:
		return a.block(kind, e)
	}
	if a.open {
		return errors.New("a block is open")
	}
	return nil
}

func (a *accumulator) start(m gjson.Result) error {
	if m.Get("type").Str != "message" || !strings.HasPrefix(m.Get("id").Str, "msg_") || m.Get("content").Raw != "[]" || !m.Get("usage.input_tokens").Exists() {
		return errors.New("no empty message")
	}
	return nil
}

func (a *accumulator) block(kind string, e gjson.Result) error {
	if kind == "content_block_start" {
		if a.open || a.ended || int(e.Get("index").Int()) != len(a.content) {
			return errors.New("blocks overlap or leave an index out")
		}
		a.open = true
		a.partial.Reset()
		a.content = append(a.content, content{})
		return json.Unmarshal([]byte(e.Get("content_block").Raw), &a.content[len(a.content)-1])
	}
	if !a.open || int(e.Get("index").Int()) != len(a.content)-1 {
		return errors.New("not the open block")
	}
	last := &a.content[len(a.content)-1]
	if kind == "content_block_stop" {
		a.open = false
		if last.Type == "tool_use" {
			last.Input = json.RawMessage(a.partial.String())
		}
		return nil
	}
	return a.delta(last, e.Get("delta"))
}

func (a *accumulator) delta(b *content, d gjson.Result) error {
	switch d.Get("type").Str + " in " + b.Type {
	case "text_delta in text":
		b.Text += d.Get("text").String()
	case "thinking_delta in thinking":
		b.Thinking += d.Get("thinking").String()
	case "signature_delta in thinking":
		b.Signature += d.Get("signature").String()
	case "input_json_delta in tool_use":
		a.partial.WriteString(d.Get("partial_json").String())
	default:
		return errors.New("delta of another block")
	}
	return nil
}
