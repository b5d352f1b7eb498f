package messages

import "strings"

// blocks are the content blocks of a stream that have not ended. Only the first
// of them is sent: blocks must not overlap, while a Chat Completions stream may
// mix pieces of several tool calls, and of text. What comes for the others waits
// until the first has ended: a text ends when something else comes, a tool call
// when its arguments are a whole object. The zero value is ready to use.
type blocks struct {
	list  []*block
	calls map[int64]*block // the latest of each index, ended or not
	made  int              // tool calls so far
	index int              // of list[0] in the message
}

type blockKind int

const (
	text blockKind = iota
	thinking
	redacted
	toolUse
)

// block is one content block. Its strings are raw JSON.
type block struct {
	kind      blockKind
	waiting   []byte // what is not sent yet, without quotes
	half      string // the first half of a character that was cut in two
	begun     bool
	sent      bool   // some of it was sent
	field     string // of thinking: where it came from
	citations []string
	signature string // of thinking, once it came: then the block is complete
	data      string // of redacted thinking

	upstreamID string // of a tool call, decoded; as are the next two, but raw
	id, name   string
	input      balance
}

func (o *blocks) last() *block {
	if len(o.list) == 0 {
		return nil
	}
	return o.list[len(o.list)-1]
}

func (o *blocks) push(b *block) *block {
	o.list = append(o.list, b)
	return b
}

func (o *blocks) text(out *events, raw string) {
	if raw == "" {
		return
	}
	b := o.last()
	if b == nil || b.kind != text {
		b = o.push(&block{kind: text})
	}
	o.add(out, b, raw)
}

// cite keeps citations for the end of the text, if that is still open.
func (o *blocks) cite(citations []string) {
	if b := o.last(); b != nil && b.kind == text {
		b.citations = append(b.citations, citations...)
	}
}

func (o *blocks) thought(out *events, raw, field string) {
	o.add(out, o.thinkingBlock(field), raw)
}

// sign ends a thinking block. One whose text was left out has only a signature.
func (o *blocks) sign(out *events, signature string) {
	b := o.thinkingBlock("")
	b.signature = signature
	o.add(out, b, "")
}

func (o *blocks) thinkingBlock(field string) *block {
	if b := o.last(); b != nil && b.kind == thinking && b.signature == "" {
		return b
	}
	return o.push(&block{kind: thinking, field: field})
}

func (o *blocks) redacted(out *events, data string) {
	o.add(out, o.push(&block{kind: redacted, data: data}), "")
}

func (o *blocks) newCall(index int64) *block {
	b := o.push(&block{kind: toolUse})
	if o.calls == nil {
		o.calls = make(map[int64]*block)
	}
	o.calls[index] = b
	o.made++
	return b
}

// input adds to the arguments of a call; plain is raw decoded. What stands before
// or behind the object, such as "null" in the place of one, is left out.
func (o *blocks) input(out *events, b *block, raw, plain string) {
	if b.input.closed {
		return
	}
	b.input.read(plain)
	if !b.input.opened {
		raw = ""
	}
	o.add(out, b, raw)
}

// add takes in raw for b and sends what can be sent now.
func (o *blocks) add(out *events, b *block, raw string) {
	if o.list[0] == b {
		o.begin(out, b)
		o.deltaOf(out, b, raw)
	} else {
		b.waiting = append(b.waiting, raw...)
	}
	for o.firstIsOver() {
		o.endFirst(out)
	}
	o.flushFirst(out)
}

// firstIsOver reports whether nothing can come for the first block any more.
func (o *blocks) firstIsOver() bool {
	if len(o.list) == 0 {
		return false
	}
	if first := o.list[0]; first.kind == toolUse {
		return first.input.closed
	}
	return len(o.list) > 1
}

// flushFirst sends what waited for the first block to be first.
func (o *blocks) flushFirst(out *events) {
	if len(o.list) == 0 {
		return
	}
	b := o.list[0]
	o.begin(out, b)
	o.deltaOf(out, b, string(b.waiting))
	b.waiting = nil
}

func (o *blocks) begin(out *events, b *block) {
	if !b.begun {
		b.begun = true
		out.blockStart(o.index, b)
	}
}

// deltaOf sends a piece of the first block. Half a surrogate pair waits for the
// other: apart from each other clients take them for broken text.
func (o *blocks) deltaOf(out *events, b *block, raw string) {
	if raw == "" {
		return
	}
	raw, b.half = cutSurrogate(b.half + raw)
	if raw != "" {
		b.sent = true
		out.blockDelta(o.index, b.kind, raw)
	}
}

// cutSurrogate cuts off the high surrogate that raw JSON text may end in.
func cutSurrogate(raw string) (text, half string) {
	const form = len(`\ud83c`)
	at := len(raw) - form
	if at < 0 || raw[at] != '\\' || raw[at+1] != 'u' || raw[at+2]|0x20 != 'd' || !strings.ContainsRune("89abAB", rune(raw[at+3])) {
		return raw, ""
	}
	backslashes := at - len(strings.TrimRight(raw[:at], `\`))
	if backslashes%2 == 1 { // the escape of a backslash, and letters
		return raw, ""
	}
	return raw[:at], raw[at:]
}

// endFirst ends the first block. A tool call without arguments ends as "{}", and
// reasoning without a signature gets ours.
func (o *blocks) endFirst(out *events) {
	o.flushFirst(out)
	b := o.list[0]
	if b.half != "" { // the other half never came
		b.sent = true
		out.blockDelta(o.index, b.kind, b.half)
	}
	switch {
	case b.kind == toolUse && !b.sent:
		out.blockDelta(o.index, toolUse, "{}")
	case b.kind == thinking && b.signature == "":
		out.signatureDelta(o.index, signature(b.field))
	case b.kind == thinking:
		out.signatureDelta(o.index, b.signature)
	}
	for _, c := range b.citations {
		out.citationDelta(o.index, c)
	}
	out.blockStop(o.index)
	o.list[0] = nil
	o.list = o.list[1:]
	o.index++
}

func (o *blocks) finish(out *events) {
	for len(o.list) > 0 {
		o.endFirst(out)
	}
}

// balance tells when a JSON object that comes in pieces is whole. It looks at
// each byte once, where asking a validator each time would take quadratic time.
type balance struct {
	depth             int
	inString, escaped bool
	opened, closed    bool
}

func (b *balance) read(piece string) {
	for i := 0; i < len(piece) && !b.closed; i++ {
		c := piece[i]
		switch {
		case !b.opened && c != '{':
		case b.escaped:
			b.escaped = false
		case b.inString:
			b.escaped = c == '\\'
			b.inString = c != '"'
		case c == '"':
			b.inString = true
		case c == '{', c == '[':
			b.opened = true
			b.depth++
		case c == '}', c == ']':
			b.depth--
			b.closed = b.depth == 0
		}
	}
}
