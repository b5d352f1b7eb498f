package bedrock

import (
	"maps"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider/bedrock/eventstream"
	"github.com/fallow-dev/fallow/internal/sse"
)

// events makes the events of Messages out of those of ConverseStream. The two
// differ in that Converse announces tool calls only, not texts and thoughts, and
// tells why it stopped and what was used in two events, of which the second is
// the last of a good answer. (AWS docs, Bedrock API reference, ConverseStream.)
type events struct {
	id, model string

	started bool
	blocks  map[int64]block // open blocks by Converse's index
	count   int64           // blocks begun so far
	stop    gjson.Result    // stopReason; a copy, frames do not last

	w   writer
	out []byte
}

// block is an open block.
type block struct {
	index int64
	kind  string // text, thinking or tool_use
}

// translate appends the events that m stands for.
func (e *events) translate(dst []byte, m eventstream.Message) ([]byte, error) {
	e.out = dst
	e.start()
	v := gjson.ParseBytes(m.Payload)
	index := v.Get("contentBlockIndex").Int()
	switch string(m.Header(":event-type")) {
	case "contentBlockStart":
		e.toolStart(index, v.Get("start.toolUse"))
	case "contentBlockDelta":
		e.delta(index, v.Get("delta"))
	case "contentBlockStop":
		e.blockStop(index)
	case "messageStop":
		e.stop = v.Get("stopReason")
		return e.out, malformed(e.stop.Str)
	case "metadata":
		e.end(v.Get("usage"))
	}
	return e.out, nil
}

// event begins an event; send ends and appends it.
func (e *events) event(kind string) *writer {
	e.w.b = e.w.b[:0]
	return e.w.open('{').key("type").text(kind)
}

func (e *events) send(kind string) {
	e.w.end('}')
	e.out = sse.AppendEvent(e.out, kind, e.w.b)
}

// start sends message_start, with the first frame of whatever type.
func (e *events) start() {
	if e.started {
		return
	}
	e.started = true
	e.event("message_start").key("message")
	appendMessageHead(&e.w, e.id, e.model)
	e.w.key("content").raw("[]").key("stop_reason").raw("null").key("stop_sequence").raw("null")
	e.w.key("usage").open('{').key("input_tokens").number(0).key("output_tokens").number(0).end('}').end('}')
	e.send("message_start")
}

// begin announces a block; first are its fields beside the type.
func (e *events) begin(index int64, kind string, first func(*writer)) block {
	b := block{index: e.count, kind: kind}
	e.count++
	if e.blocks == nil {
		e.blocks = map[int64]block{}
	}
	e.blocks[index] = b
	w := e.event("content_block_start").key("index").number(b.index)
	w.key("content_block").open('{').key("type").text(kind)
	first(w)
	w.end('}')
	e.send("content_block_start")
	return b
}

// open is the open block of that kind, begun if there is none. A model that
// goes over from thinking to speaking within one index gets two blocks.
func (e *events) open(index int64, kind string, first func(*writer)) block {
	b, ok := e.blocks[index]
	if ok && b.kind == kind {
		return b
	}
	if ok {
		e.blockStop(index)
	}
	return e.begin(index, kind, first)
}

func (e *events) toolStart(index int64, use gjson.Result) {
	if !use.IsObject() {
		return
	}
	e.blockStop(index)
	e.begin(index, "tool_use", func(w *writer) {
		w.key("id").raw(rawString(use.Get("toolUseId"))).key("name").raw(rawString(use.Get("name"))).key("input").raw("{}")
	})
}

// delta sends a piece of output. What is none of the known kinds (citations,
// pictures) is passed over.
func (e *events) delta(index int64, delta gjson.Result) {
	reasoning := delta.Get("reasoningContent")
	switch {
	case isString(delta.Get("text")):
		b := e.open(index, "text", func(w *writer) { w.key("text").raw(`""`) })
		e.piece(b, "text_delta", "text", delta.Get("text"))
	case isString(delta.Get("toolUse.input")):
		if b, ok := e.blocks[index]; ok && b.kind == "tool_use" {
			e.piece(b, "input_json_delta", "partial_json", delta.Get("toolUse.input"))
		}
	case isString(reasoning.Get("redactedContent")):
		e.blockStop(index)
		e.begin(index, "redacted_thinking", func(w *writer) { w.key("data").raw(reasoning.Get("redactedContent").Raw) })
	case isString(reasoning.Get("text")):
		e.piece(e.thought(index), "thinking_delta", "thinking", reasoning.Get("text"))
	case isString(reasoning.Get("signature")):
		e.piece(e.thought(index), "signature_delta", "signature", reasoning.Get("signature"))
	}
}

func (e *events) thought(index int64) block {
	return e.open(index, "thinking", func(w *writer) { w.key("thinking").raw(`""`).key("signature").raw(`""`) })
}

func (e *events) piece(b block, kind, field string, value gjson.Result) {
	e.event("content_block_delta").key("index").number(b.index).key("delta").open('{')
	e.w.key("type").text(kind).key(field).raw(value.Raw).end('}')
	e.send("content_block_delta")
}

func (e *events) blockStop(index int64) {
	b, ok := e.blocks[index]
	if !ok {
		return
	}
	delete(e.blocks, index)
	e.event("content_block_stop").key("index").number(b.index)
	e.send("content_block_stop")
}

// end sends why the answer stopped and what it took. A stream in which nobody
// said that it stopped has not ended well.
func (e *events) end(usage gjson.Result) {
	if !e.stop.Exists() || !usage.IsObject() {
		return
	}
	for _, index := range slices.Sorted(maps.Keys(e.blocks)) {
		e.blockStop(index)
	}
	w := e.event("message_delta").key("delta").open('{')
	appendStop(w, e.stop)
	w.end('}').key("usage")
	appendUsage(w, usage)
	e.send("message_delta")
	e.event("message_stop")
	e.send("message_stop")
}
