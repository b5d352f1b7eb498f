package openai

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
)

// Events is a response as the named events that the real API sends for it.
func (Responses) Events(c *dialogue.Call, a *dialogue.Answer) []dialogue.Event {
	s := &responseStream{call: c}
	s.add("response.created", map[string]any{"response": opened(c)})
	s.add("response.in_progress", map[string]any{"response": opened(c)})
	for i, b := range a.Blocks {
		s.block(i, b)
	}
	whole := completed(c, a)
	s.add("response."+whole.Status, map[string]any{"response": whole})
	return s.events
}

// ErrorEvent is a failure in the middle of a response.
func (d Responses) ErrorEvent(c *dialogue.Call, r *dialogue.Refusal) []byte {
	failed := opened(c)
	failed.Status, failed.Error = "failed", &responseError{Code: cmp.Or(r.Code, "server_error"), Message: r.Message}
	s := &responseStream{call: c}
	s.add("response.failed", map[string]any{"response": failed})
	return s.events[0].Data
}

type responseStream struct {
	call   *dialogue.Call
	events []dialogue.Event
}

// add appends an event with its number.
func (s *responseStream) add(kind string, fields map[string]any) {
	fields["type"], fields["sequence_number"] = kind, len(s.events)
	s.events = append(s.events, dialogue.Event{Data: fmt.Appendf(nil, "event: %s\ndata: %s\n\n", kind, marshal(fields))})
}

// delta appends a piece of what block i says.
func (s *responseStream) delta(kind string, where map[string]any, piece string) {
	s.add(kind, with(where, "delta", piece))
	last := &s.events[len(s.events)-1]
	last.Content, last.Tokens = true, dialogue.Tokens(len(piece))
}

func (s *responseStream) block(i int, b dialogue.Block) {
	whole := itemOf(s.call, i, b)
	empty := whole
	empty.Status, empty.Encrypted = "in_progress", ""
	at := map[string]any{"item_id": whole.ID, "output_index": i}
	switch b.Kind {
	case dialogue.Thinking:
		empty.Status, empty.Summary = "", &[]part{}
		s.added(i, empty)
		if len(*whole.Summary) > 0 {
			at = with(at, "summary_index", 0)
			s.add("response.reasoning_summary_part.added", with(at, "part", part{Type: "summary_text"}))
			s.pieces("response.reasoning_summary_text", at, b, "text")
			s.add("response.reasoning_summary_part.done", with(at, "part", (*whole.Summary)[0]))
		}
	case dialogue.ToolCall:
		nothing := ""
		empty.Arguments = &nothing
		s.added(i, empty)
		if len(b.Pieces) == 0 {
			b.Pieces = []string{"{}"}
		}
		s.pieces("response.function_call_arguments", at, b, "arguments")
	default:
		empty.Content = &[]part{}
		s.added(i, empty)
		at = with(at, "content_index", 0)
		s.add("response.content_part.added", with(at, "part", part{Type: "output_text", Annotations: &[]string{}}))
		s.pieces("response.output_text", at, b, "text")
		s.add("response.content_part.done", with(at, "part", (*whole.Content)[0]))
	}
	s.add("response.output_item.done", map[string]any{"output_index": i, "item": whole})
}

func (s *responseStream) added(i int, it item) {
	s.add("response.output_item.added", map[string]any{"output_index": i, "item": it})
}

// pieces appends the deltas of a block and its end, which says all of it again.
func (s *responseStream) pieces(kind string, where map[string]any, b dialogue.Block, field string) {
	for _, piece := range b.Pieces {
		s.delta(kind+".delta", where, piece)
	}
	s.add(kind+".done", with(where, field, b.Joined()))
}

// with is a copy of fields with one more.
func with(fields map[string]any, name string, value any) map[string]any {
	more := maps.Clone(fields)
	more[name] = value
	return more
}
