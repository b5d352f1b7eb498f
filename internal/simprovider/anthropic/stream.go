package anthropic

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// Events is the whole answer as server-sent events, in the order in which the
// API sends them: message_start, then each block's start, deltas and stop,
// then message_delta with the cumulative usage, then message_stop.
func (d Dialect) Events(c *dialogue.Call, a *dialogue.Answer) []dialogue.Event {
	s := &stream{pings: c.Pings}
	s.add("message_start", `"message":`+string(marshal(envelope(c, a.Usage))))
	for i, b := range a.Blocks {
		s.block(i, b)
	}
	s.add("message_delta", `"delta":`+string(marshal(stop(a)))+`,"usage":`+string(marshal(total(a.Usage).deltaUsage)))
	s.add("message_stop", "")
	return s.events
}

// ErrorEvent is a failure in the middle of a stream.
func (d Dialect) ErrorEvent(c *dialogue.Call, r *dialogue.Refusal) []byte {
	return []byte("event: error\ndata: " + string(d.Error(c, r)) + "\n\n")
}

type stream struct {
	events []dialogue.Event
	pings  bool // after every event
}

func (s *stream) block(i int, b dialogue.Block) {
	index := `"index":` + strconv.Itoa(i)
	s.add("content_block_start", index+`,"content_block":`+string(marshal(opened(b))))
	if i == 0 {
		s.add("ping", "")
	}
	kind, field := deltas(b.Kind)
	if b.Kind == dialogue.ToolCall {
		// A first fragment without text is what the API sends.
		s.delta(index, kind, field, "")
	}
	for _, piece := range b.Pieces {
		s.delta(index, kind, field, piece)
	}
	if b.Kind == dialogue.Thinking && !b.Cut {
		s.delta(index, "signature_delta", "signature", b.Signature)
	}
	for _, c := range cited(b) {
		s.add("content_block_delta", index+`,"delta":{"type":"citations_delta","citation":`+string(marshal(c))+`}`)
	}
	s.add("content_block_stop", index)
}

func deltas(k dialogue.Kind) (kind, field string) {
	switch k {
	case dialogue.Thinking:
		return "thinking_delta", "thinking"
	case dialogue.ToolCall, dialogue.ServerCall:
		return "input_json_delta", "partial_json"
	default:
		return "text_delta", "text"
	}
}

// delta is written by hand, as it is nearly all that a stream consists of.
func (s *stream) delta(index, kind, field, value string) {
	s.add("content_block_delta", index+`,"delta":{"type":"`+kind+`","`+field+`":`+string(marshal(value))+`}`)
	last := &s.events[len(s.events)-1]
	last.Content = true
	if kind != "signature_delta" {
		last.Tokens = dialogue.Tokens(len(value))
	}
}

// add appends an event; rest are the members of its data beside the type.
func (s *stream) add(kind, rest string) {
	if rest != "" {
		rest = "," + rest
	}
	s.events = append(s.events, event(kind, rest))
	if s.pings && kind != "message_stop" {
		last := &s.events[len(s.events)-1].Data
		*last = append(*last, event("ping", "").Data...)
	}
}

func event(kind, rest string) dialogue.Event {
	return dialogue.Event{Data: []byte("event: " + kind + "\ndata: {\"type\":\"" + kind + "\"" + rest + "}\n\n")}
}
