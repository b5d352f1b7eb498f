package anthropic

import (
	"strconv"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// completion gathers the blocks of a message by what they become.
type completion struct {
	forms   forms
	text    []byte // raw JSON without quotes, like thought
	hasText bool
	length  int // of the text, in characters
	thought []byte

	details, calls, annotations []byte // items of arrays
	citations, blocks           []byte
	legacy                      []byte // function_call
	counts                      counts
}

// counts number what an answer holds of each kind.
type counts struct {
	thoughts, serverBlocks int
	calls                  int // for the client
	answers                int // calls of the tool that answers
	legacy                 bool
}

func (m *completion) add(b gjson.Result) {
	switch kind := b.Get("type").Str; {
	case kind == "text":
		m.addText(b)
	case kind == "thinking":
		text := b.Get("thinking")
		m.thought = append(m.thought, inner(text)...)
		if m.thought == nil {
			m.thought = []byte{} // thinking whose text was left out is still thinking
		}
		m.details = appendDetail(next(m.details), rawString(text), b.Get("signature"), m.counts.thoughts)
		m.counts.thoughts++
	case kind == "redacted_thinking":
		m.details = appendRedacted(next(m.details), b.Get("data"), m.counts.thoughts)
		m.counts.thoughts++
	case kind == "tool_use":
		m.addCall(b)
	case isServerBlock(kind):
		m.blocks = appendServerBlock(m.blocks, b.Raw, m.counts.serverBlocks)
		m.counts.serverBlocks++
	}
}

// addText appends a text and notes what it cites, whose place in the content is
// that of the block.
func (m *completion) addText(b gjson.Result) {
	text := b.Get("text")
	m.hasText = true
	start := m.length
	m.text = append(m.text, inner(text)...)
	m.length += utf8.RuneCountInString(text.Str)
	for _, c := range b.Get("citations").Array() {
		at := span{start, m.length, unnumbered}
		if isPage(c) {
			m.annotations = appendAnnotation(next(m.annotations), c, at)
		} else {
			m.citations = appendCitation(next(m.citations), c, at)
		}
	}
}

func (m *completion) addCall(b gjson.Result) {
	input := inputText(b.Get("input"))
	form := m.forms.of(b.Get("name").Str)
	switch form {
	case textForm, wrappedForm:
		m.counts.answers++
		m.hasText = true
		if form == wrappedForm {
			input = unwrap(input)
		}
		quoted := gjson.AppendJSONString(nil, input)
		m.text = append(m.text, quoted[1:len(quoted)-1]...)
		return
	case legacyForm:
		m.counts.legacy = true
		if m.legacy == nil { // the one call that the client can take
			m.legacy = appendFunction(nil, b.Get("name"), input)
		}
		return
	case customForm:
		m.calls = appendCallHead(next(m.calls), b.Get("id"), "custom")
		m.calls = append(append(m.calls, `{"name":`...), rawString(b.Get("name"))...)
		m.calls = gjson.AppendJSONString(append(m.calls, `,"input":`...), customText(input))
		m.calls = append(m.calls, "}}"...)
	default:
		m.calls = appendCallHead(next(m.calls), b.Get("id"), "function")
		m.calls = append(appendFunction(m.calls, b.Get("name"), input), '}')
	}
	m.counts.calls++
}

func appendCallHead(dst []byte, id gjson.Result, kind string) []byte {
	dst = append(append(dst, `{"id":`...), rawString(id)...)
	dst = append(append(dst, `,"type":"`...), kind...)
	return append(append(append(dst, `","`...), kind...), `":`...)
}

func appendFunction(dst []byte, name gjson.Result, input string) []byte {
	dst = append(append(dst, `{"name":`...), rawString(name)...)
	return append(gjson.AppendJSONString(append(dst, `,"arguments":`...), input), '}')
}

// append writes the assistant's message.
func (m *completion) append(dst []byte, end ending) []byte {
	dst = append(dst, `{"role":"assistant","content":`...)
	if m.hasText {
		dst = append(append(append(dst, '"'), m.text...), '"')
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"refusal":`...)
	if end.refusal == "" {
		dst = append(dst, "null"...)
	}
	dst = append(dst, end.refusal...)
	if m.thought != nil {
		dst = append(append(append(dst, `,"reasoning_content":"`...), m.thought...), '"')
	}
	if m.legacy != nil {
		dst = append(append(dst, `,"function_call":`...), m.legacy...)
	}
	dst = appendList(dst, "reasoning_details", m.details)
	dst = appendList(dst, "tool_calls", m.calls)
	dst = appendList(dst, "annotations", m.annotations)
	dst = appendList(dst, "citations", m.citations)
	dst = appendList(dst, "server_blocks", m.blocks)
	return append(dst, '}')
}

// appendList writes an array unless it is empty: clients take an empty
// tool_calls for tool calls.
func appendList(dst []byte, name string, items []byte) []byte {
	if len(items) == 0 {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":[`...)
	return append(append(dst, items...), ']')
}

// inputText is the arguments of a call; a call without input has "{}".
func inputText(input gjson.Result) string {
	if !input.IsObject() {
		return "{}"
	}
	return input.Raw
}

// unwrap takes an answer out of its wrapper. What has none, as an answer that
// was cut short, is returned as it is.
func unwrap(input string) string {
	if v := gjson.Get(input, wrapper); gjson.Valid(input) && v.Exists() {
		return v.Raw
	}
	return input
}

// appendDetail writes an item of reasoning_details, the one convention that
// has a place for the signature. index counts the thinking blocks.
func appendDetail(dst []byte, text string, signature gjson.Result, index int) []byte {
	dst = append(append(dst, `{"type":"reasoning.text","text":`...), text...)
	if isString(signature) && signature.Str != "" {
		dst = append(append(dst, `,"signature":`...), signature.Raw...)
		dst = append(dst, `,"format":"`+reasoningFormat+`"`...)
	}
	dst = strconv.AppendInt(append(dst, `,"index":`...), int64(index), 10)
	return append(dst, '}')
}

func appendRedacted(dst []byte, data gjson.Result, index int) []byte {
	dst = append(append(dst, `{"type":"reasoning.encrypted","data":`...), rawString(data)...)
	dst = append(dst, `,"format":"`+reasoningFormat+`"`...)
	dst = strconv.AppendInt(append(dst, `,"index":`...), int64(index), 10)
	return append(dst, '}')
}
