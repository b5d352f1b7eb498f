package openai

import (
	"fmt"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// Events is the whole answer as server-sent events: a chunk with the role,
// the deltas, the finish reason, the usage if it was asked for, and [DONE].
func (Dialect) Events(c *dialogue.Call, a *dialogue.Answer) []dialogue.Event {
	s := newStream(c)
	s.choice(`{"role":"assistant","content":"","refusal":null}`, "null")
	call := 0
	for _, b := range a.Blocks {
		switch b.Kind {
		case dialogue.Text:
			for _, piece := range b.Pieces {
				s.choice(`{"content":`+string(marshal(piece))+`}`, "null")
				s.carries(piece)
			}
		case dialogue.ToolCall:
			s.call(call, b)
			call++
		}
	}
	s.choice("{}", `"`+finish(a.Stop)+`"`)
	if c.IncludeUsage {
		s.add(`[],"usage":` + string(marshal(total(a.Usage))))
	}
	s.events = append(s.events, dialogue.Event{Data: []byte("data: [DONE]\n\n")})
	return s.events
}

// ErrorEvent is a failure in the middle of a stream.
func (d Dialect) ErrorEvent(c *dialogue.Call, r *dialogue.Refusal) []byte {
	return []byte("data: " + string(d.Error(c, r)) + "\n\n")
}

// stream writes chunks by hand, since all but a few bytes of each are alike.
type stream struct {
	head, usage string
	events      []dialogue.Event
}

func newStream(c *dialogue.Call) *stream {
	s := &stream{head: fmt.Sprintf(`data: {"id":"chatcmpl-%s","object":"chat.completion.chunk","created":%d,"model":%s,"service_tier":"default","system_fingerprint":%q,"choices":`,
		c.MessageID, c.Created.Unix(), marshal(c.Model), fingerprint)}
	if c.IncludeUsage {
		s.usage = `,"usage":null`
	}
	return s
}

// add appends a chunk; rest begins with its choices.
func (s *stream) add(rest string) {
	s.events = append(s.events, dialogue.Event{Data: []byte(s.head + rest + "}\n\n")})
}

func (s *stream) choice(delta, finish string) {
	s.add(`[{"index":0,"delta":` + delta + `,"logprobs":null,"finish_reason":` + finish + `}]` + s.usage)
}

// carries marks the last chunk as content.
func (s *stream) carries(piece string) {
	last := &s.events[len(s.events)-1]
	last.Content, last.Tokens = true, dialogue.Tokens(len(piece))
}

func (s *stream) call(index int, b dialogue.Block) {
	s.choice(fmt.Sprintf(`{"tool_calls":[{"index":%d,"id":"call_%s","type":"function","function":{"name":%s,"arguments":""}}]}`, index, b.ID, marshal(b.Name)), "null")
	s.carries("")
	pieces := b.Pieces
	if len(pieces) == 0 {
		pieces = []string{"{}"}
	}
	for _, piece := range pieces {
		s.choice(fmt.Sprintf(`{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}`, index, marshal(piece)), "null")
		s.carries(piece)
	}
}
