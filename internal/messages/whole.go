package messages

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Answer turns the answer to a translated request into one of the Messages API.
// inner is the Answer of the call that EncodeChat made of t.Request.
func (t *Translation) Answer(inner provider.Answer) provider.Answer {
	return &answer{inner: inner, asked: t}
}

type answer struct {
	inner provider.Answer
	asked *Translation
}

var _ provider.Answer = (*answer)(nil)

// Whole turns a chat.completion into a message.
func (a *answer) Whole(body []byte) (provider.Reply, error) {
	reply, err := a.inner.Whole(body)
	if err != nil {
		return reply, err
	}
	doc := gjson.ParseBytes(reply.Body)
	choice := doc.Get("choices.0")
	if !choice.Get("message").IsObject() {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not a completion"}
	}
	m := message{names: a.asked.names, id: a.asked.messageID(doc.Get("id"))}
	m.read(choice.Get("message"))
	b := appendHead(make([]byte, 0, len(reply.Body)+1<<9), m.id, a.asked.model(doc.Get("model")))
	b = append(append(append(b, `,"content":[`...), m.blocks...), `],`...)
	b = readEnding(choice, m.calls > 0, m.refused).append(b)
	b = appendUsage(append(b, `,"usage":`...), reply.Usage)
	return provider.Reply{Body: append(b, '}'), Usage: reply.Usage}, nil
}

// Stream turns chat.completion.chunks into the events of a message.
func (a *answer) Stream(body io.Reader) provider.Stream {
	return &stream{inner: a.inner.Stream(body), asked: a.asked}
}

// messageID makes an id of the completion's, as raw JSON without quotes. Clients
// count usage by message, so a server that gives none gets one of the request.
func (t *Translation) messageID(id gjson.Result) string {
	text := inner(id)
	if text == "" {
		sum := sha256.Sum256(t.Request.Raw)
		text = hex.EncodeToString(sum[:12])
	}
	return "msg_" + strings.TrimPrefix(strings.TrimPrefix(text, "chatcmpl-"), "msg_")
}

// model is the model that answered, as raw JSON.
func (t *Translation) model(said gjson.Result) string {
	if said.Str == "" {
		return string(appendString(nil, t.Request.Model))
	}
	return said.Raw
}

// appendHead begins a message up to its model.
func appendHead(dst []byte, id, model string) []byte {
	dst = append(append(dst, `{"id":"`...), id...)
	dst = append(dst, `","type":"message","role":"assistant","model":`...)
	return append(dst, model...)
}

// message gathers the content blocks of an answer.
type message struct {
	names   names
	id      string
	blocks  []byte
	calls   int
	refused bool
}

func (m *message) read(v gjson.Result) {
	m.think(thoughtsIn(v.Get("reasoning"), v.Get("reasoning_content"), v.Get("reasoning_details")))
	m.think(thoughtsInParts(v.Get("content")))
	if text := textOf(v.Get("content")); text != "" {
		m.text(text)
		m.cite(citationsOf(v.Get("annotations")))
	}
	if refusal := inner(v.Get("refusal")); refusal != "" {
		m.refused = true
		m.text(refusal)
	}
	v.Get("tool_calls").ForEach(func(_, call gjson.Result) bool {
		m.call(call)
		return true
	})
}

// textOf is a content's text, raw: some servers write a list of parts.
func textOf(content gjson.Result) string {
	if !content.IsArray() {
		return inner(content)
	}
	var text strings.Builder
	content.ForEach(func(_, part gjson.Result) bool {
		text.WriteString(inner(part.Get("text")))
		return true
	})
	return text.String()
}

// think writes thinking blocks: each text ends where its signature comes.
func (m *message) think(thoughts []thought, field string) {
	var text strings.Builder
	open := false
	end := func(signature string) {
		m.blocks = append(append(next(m.blocks), `{"type":"thinking","thinking":"`...), text.String()...)
		m.blocks = append(append(append(m.blocks, `","signature":`...), signature...), '}')
		text.Reset()
		open = false
	}
	for _, t := range thoughts {
		if t.text != "" {
			text.WriteString(t.text[1 : len(t.text)-1])
			open = true
		}
		if t.signature != "" {
			end(t.signature)
		}
		if t.redacted != "" {
			if open {
				end(signature(field))
			}
			m.blocks = append(append(append(next(m.blocks), `{"type":"redacted_thinking","data":`...), t.redacted...), '}')
		}
	}
	if open {
		end(signature(field))
	}
}

func (m *message) text(raw string) {
	if raw != "" {
		m.blocks = append(append(append(next(m.blocks), `{"type":"text","text":"`...), raw...), `"}`...)
	}
}

func (m *message) call(call gjson.Result) {
	m.blocks = append(append(next(m.blocks), `{"type":"tool_use","id":`...), callID(call.Get("id"), m.id, m.calls)...)
	m.blocks = append(append(m.blocks, `,"name":`...), m.names.restore(call.Get("function.name"))...)
	m.blocks = append(append(m.blocks, `,"input":`...), inputOf(call.Get("function.arguments"))...)
	m.blocks = append(m.blocks, '}')
	m.calls++
}

// callID is the id of a tool call for the client. A server that gives none gets
// one made of the message's, since results are told apart by it.
func callID(id gjson.Result, message string, number int) string {
	if id.Str != "" {
		return clientID(id)
	}
	return `"toolu_` + strings.TrimPrefix(message, "msg_") + "_" + strconv.Itoa(number) + `"`
}

// inputOf is the object that a tool call's arguments hold. Of arguments that are
// none, as when the answer ended within them, the text is kept: the tool refuses
// it, and the model sees what it wrote. The check is the standard library's, which
// bounds its depth.
func inputOf(arguments gjson.Result) string {
	if arguments.IsObject() {
		return arguments.Raw
	}
	text := strings.TrimSpace(arguments.Str)
	switch {
	case text == "", text == "null":
		return "{}"
	case text[0] == '{' && json.Valid([]byte(text)):
		return text
	}
	return `{"invalid_json":` + rawString(arguments) + `}`
}
