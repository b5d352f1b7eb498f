package bedrock

import (
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// conversed reads the answers of Converse, by way of Messages.
type conversed struct {
	messages provider.Answer
	model    string
	newID    func() string
}

var _ provider.Answer = conversed{}

// Whole implements provider.Answer.
func (a conversed) Whole(body []byte) (provider.Reply, error) {
	v := gjson.ParseBytes(body)
	content := v.Get("output.message.content")
	if !gjson.ValidBytes(body) || !content.IsArray() {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is none of Converse"}
	}
	stop := v.Get("stopReason")
	if err := malformed(stop.Str); err != nil {
		return provider.Reply{}, err
	}
	w := writer{b: make([]byte, 0, len(body)+256)}
	appendMessageHead(&w, a.newID(), a.model)
	w.key("content").open('[')
	for _, block := range content.Array() {
		appendBlock(&w, block)
	}
	w.end(']')
	appendStop(&w, stop)
	if usage := v.Get("usage"); usage.IsObject() {
		w.key("usage")
		appendUsage(&w, usage)
	}
	return a.messages.Whole(w.end('}').b)
}

// Stream implements provider.Answer.
func (a conversed) Stream(body io.Reader) provider.Stream {
	e := &events{id: a.newID(), model: a.model}
	return a.messages.Stream(newEventBody(body, e.translate))
}

// appendMessageHead begins a message, which the caller ends.
func appendMessageHead(w *writer, id, model string) {
	w.open('{').key("id").text("msg_" + id).key("type").text("message").key("role").text(assistant).key("model").text(model)
}

// appendBlock writes a block of an answer. What has no counterpart is left out.
func appendBlock(w *writer, block gjson.Result) {
	reasoning := block.Get("reasoningContent")
	switch use := block.Get("toolUse"); {
	case isString(block.Get("text")):
		w.open('{').key("type").text("text").key("text").raw(block.Get("text").Raw).end('}')
	case use.IsObject():
		input := "{}"
		if v := use.Get("input"); v.IsObject() {
			input = v.Raw
		}
		w.open('{').key("type").text("tool_use").key("id").raw(rawString(use.Get("toolUseId")))
		w.key("name").raw(rawString(use.Get("name"))).key("input").raw(input).end('}')
	case isString(reasoning.Get("redactedContent")):
		w.open('{').key("type").text("redacted_thinking").key("data").raw(reasoning.Get("redactedContent").Raw).end('}')
	case reasoning.IsObject():
		text := reasoning.Get("reasoningText")
		w.open('{').key("type").text("thinking").key("thinking").raw(rawString(text.Get("text")))
		w.key("signature").raw(rawString(text.Get("signature"))).end('}')
	}
}
