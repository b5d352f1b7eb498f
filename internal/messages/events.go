package messages

import (
	"strconv"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// events is what one chunk became, in one buffer that the next chunk's takes over:
// a stream has hundreds, each of a few bytes.
type events struct {
	buf   []byte
	queue []event
	taken int
}

type event struct {
	name       string
	start, end int // in buf
	content    bool
}

// pop takes the oldest event. When there is none the buffer is free again.
func (e *events) pop() (provider.Chunk, bool) {
	if e.taken == len(e.queue) {
		e.buf, e.queue, e.taken = e.buf[:0], e.queue[:0], 0
		return provider.Chunk{}, false
	}
	v := e.queue[e.taken]
	e.taken++
	return provider.Chunk{Event: v.name, Data: e.buf[v.start:v.end:v.end], Content: v.content}, true
}

// open begins an event up to what follows its type.
func (e *events) open(name string, content bool) {
	e.queue = append(e.queue, event{name: name, start: len(e.buf), content: content})
	e.buf = append(append(append(e.buf, `{"type":"`...), name...), '"')
}

func (e *events) close() {
	e.buf = append(e.buf, '}')
	e.queue[len(e.queue)-1].end = len(e.buf)
}

func (e *events) plain(name string) {
	e.open(name, false)
	e.close()
}

func (e *events) ping()        { e.plain("ping") }
func (e *events) messageStop() { e.plain("message_stop") }

func (e *events) messageStart(id, model string, u upstream.Usage) {
	e.open("message_start", false)
	e.buf = appendHead(append(e.buf, `,"message":`...), id, model)
	e.buf = append(e.buf, `,"content":[],"stop_reason":null,"stop_sequence":null,"usage":`...)
	e.buf = append(appendUsage(e.buf, u), '}')
	e.close()
}

func (e *events) messageDelta(end ending, u upstream.Usage) {
	e.open("message_delta", false)
	e.buf = append(end.append(append(e.buf, `,"delta":{`...)), `},"usage":`...)
	e.buf = appendUsage(e.buf, u)
	e.close()
}

// block begins an event about a content block.
func (e *events) block(name string, index int) {
	e.open(name, true)
	e.buf = strconv.AppendInt(append(e.buf, `,"index":`...), int64(index), 10)
}

func (e *events) blockStart(index int, b *block) {
	e.block("content_block_start", index)
	e.buf = append(e.buf, `,"content_block":`...)
	switch b.kind {
	case text:
		e.buf = append(e.buf, `{"type":"text","text":""}`...)
	case thinking:
		e.buf = append(e.buf, `{"type":"thinking","thinking":"","signature":""}`...)
	case redacted:
		e.buf = append(append(append(e.buf, `{"type":"redacted_thinking","data":`...), b.data...), '}')
	case toolUse:
		e.buf = append(append(e.buf, `{"type":"tool_use","id":`...), b.id...)
		e.buf = append(append(append(e.buf, `,"name":`...), b.name...), `,"input":{}}`...)
	}
	e.close()
}

// deltas are the ways in which a delta of each kind begins.
var deltas = map[blockKind]string{
	text:     `,"delta":{"type":"text_delta","text":"`,
	thinking: `,"delta":{"type":"thinking_delta","thinking":"`,
	toolUse:  `,"delta":{"type":"input_json_delta","partial_json":"`,
}

// blockDelta sends a piece; raw is JSON text without quotes.
func (e *events) blockDelta(index int, kind blockKind, raw string) {
	e.block("content_block_delta", index)
	e.buf = append(append(append(e.buf, deltas[kind]...), raw...), `"}`...)
	e.close()
}

func (e *events) signatureDelta(index int, signature string) {
	e.block("content_block_delta", index)
	e.buf = append(append(append(e.buf, `,"delta":{"type":"signature_delta","signature":`...), signature...), '}')
	e.close()
}

func (e *events) citationDelta(index int, citation string) {
	e.block("content_block_delta", index)
	e.buf = append(append(append(e.buf, `,"delta":{"type":"citations_delta","citation":`...), citation...), "}"...)
	e.close()
}

func (e *events) blockStop(index int) {
	e.block("content_block_stop", index)
	e.close()
}
