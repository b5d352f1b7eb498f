package anthropic

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// answer reads what comes back from /v1/messages.
type answer struct {
	now          func() time.Time
	includeUsage bool // of a stream
}

var _ provider.Answer = (*answer)(nil)

// Whole turns a message into a chat.completion.
func (a *answer) Whole(body []byte) (provider.Reply, error) {
	if !json.Valid(body) {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not JSON"}
	}
	msg := gjson.ParseBytes(body)
	if msg.Get("type").Str == "error" {
		return provider.Reply{}, classifyLate(body, a.now())
	}
	if !msg.Get("content").IsArray() {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not a message"}
	}
	var r provider.Reply
	usage := msg.Get("usage")
	mergeUsage(&r.Usage, usage)
	r.Usage.Exact = usage.IsObject()
	r.Body = a.appendCompletion(make([]byte, 0, len(body)+1<<9), msg, r.Usage)
	return r, nil
}

func (a *answer) appendCompletion(dst []byte, msg gjson.Result, u upstream.Usage) []byte {
	dst = appendHead(dst, "chat.completion", msg, a.now())
	dst = append(dst, `,"choices":[{"index":0,"message":`...)
	end := readEnding(msg)
	dst = appendMessage(dst, msg.Get("content").Array(), end)
	dst = append(dst, `,"logprobs":null,`...)
	dst = append(appendEnding(dst, end), `}],"usage":`...)
	dst = appendUsage(dst, u)
	switch msg.Get("usage.service_tier").Str {
	case "standard":
		dst = append(dst, `,"service_tier":"default"`...)
	case "priority":
		dst = append(dst, `,"service_tier":"priority"`...)
	}
	return append(dst, '}')
}

// appendHead begins a completion or a chunk with what all of one answer share.
func appendHead(dst []byte, object string, msg gjson.Result, now time.Time) []byte {
	dst = append(dst, `{"id":"chatcmpl-`...)
	dst = append(dst, strings.TrimPrefix(inner(msg.Get("id")), "msg_")...)
	dst = append(append(dst, `","object":"`...), object...)
	dst = strconv.AppendInt(append(dst, `","created":`...), now.Unix(), 10)
	return append(append(dst, `,"model":`...), rawString(msg.Get("model"))...)
}

// appendMessage writes the assistant's message. Blocks of server tools are the
// provider's own business and leave no tool call.
func appendMessage(dst []byte, blocks []gjson.Result, end ending) []byte {
	var m completion
	for _, b := range blocks {
		m.add(b)
	}
	dst = append(dst, `{"role":"assistant","content":`...)
	switch {
	case m.hasText || len(m.calls) == 0 && end.refusal == "":
		dst = append(append(append(dst, '"'), m.text...), '"')
	default:
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
	dst = appendList(dst, "reasoning_details", m.details)
	dst = appendList(dst, "tool_calls", m.calls)
	dst = appendList(dst, "annotations", m.annotations)
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

// completion gathers the blocks of a message by what they become.
type completion struct {
	text    []byte // raw JSON without quotes, like thought
	hasText bool
	length  int // of the text, in characters
	thought []byte

	details, calls, annotations []byte // items of arrays
	thoughts                    int
}

func (m *completion) add(b gjson.Result) {
	switch b.Get("type").Str {
	case "text":
		m.addText(b)
	case "thinking":
		text := b.Get("thinking")
		m.thought = append(m.thought, inner(text)...)
		if m.thought == nil {
			m.thought = []byte{} // thinking whose text was left out is still thinking
		}
		m.details = appendDetail(next(m.details), rawString(text), b.Get("signature"), m.thoughts)
		m.thoughts++
	case "redacted_thinking":
		m.details = appendRedacted(next(m.details), b.Get("data"), m.thoughts)
		m.thoughts++
	case "tool_use":
		m.addCall(b)
	}
}

// addText appends a text and notes the pages it cites, whose place in the
// content is that of the block.
func (m *completion) addText(b gjson.Result) {
	text := b.Get("text")
	start := m.length
	m.hasText = true
	m.text = append(m.text, inner(text)...)
	m.length += utf8.RuneCountInString(text.Str)
	for _, c := range b.Get("citations").Array() {
		if c.Get("type").Str != "web_search_result_location" {
			continue
		}
		dst := append(next(m.annotations), `{"type":"url_citation","url_citation":{"url":`...)
		dst = append(append(dst, rawString(c.Get("url"))...), `,"title":`...)
		dst = append(append(dst, rawString(c.Get("title"))...), `,"start_index":`...)
		dst = append(strconv.AppendInt(dst, int64(start), 10), `,"end_index":`...)
		m.annotations = append(strconv.AppendInt(dst, int64(m.length), 10), "}}"...)
	}
}

func (m *completion) addCall(b gjson.Result) {
	dst := append(append(next(m.calls), `{"id":`...), rawString(b.Get("id"))...)
	dst = append(append(dst, `,"type":"function","function":{"name":`...), rawString(b.Get("name"))...)
	dst = gjson.AppendJSONString(append(dst, `,"arguments":`...), inputText(b.Get("input")))
	m.calls = append(dst, "}}"...)
}

// inputText is the arguments of a call; a call without input has "{}".
func inputText(input gjson.Result) string {
	if !input.IsObject() {
		return "{}"
	}
	return input.Raw
}

// appendDetail writes an item of reasoning_details, the one convention that
// has a place for the signature. index counts the thinking blocks.
func appendDetail(dst []byte, text string, signature gjson.Result, index int) []byte {
	dst = append(append(dst, `{"type":"reasoning.text","text":`...), text...)
	if isString(signature) && signature.Str != "" {
		dst = append(append(dst, `,"signature":`...), signature.Raw...)
	}
	dst = strconv.AppendInt(append(dst, `,"index":`...), int64(index), 10)
	return append(dst, '}')
}

func appendRedacted(dst []byte, data gjson.Result, index int) []byte {
	dst = append(append(dst, `{"type":"reasoning.encrypted","data":`...), rawString(data)...)
	dst = strconv.AppendInt(append(dst, `,"index":`...), int64(index), 10)
	return append(dst, '}')
}
