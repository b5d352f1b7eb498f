package responses

import (
	"io"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// asked is what an answer must know of its request.
type asked struct {
	req   *Request
	model string // upstream
	tools tools
}

// answer turns the answer to a translated request back.
type answer struct {
	asked
	chat provider.Answer
}

var _ provider.Answer = (*answer)(nil)

// Whole turns a chat.completion into a response. It is what a stream of a single
// chunk would end with, so that both ways agree in what they make of an answer.
func (a *answer) Whole(body []byte) (provider.Reply, error) {
	reply, err := a.chat.Whole(body)
	if err != nil {
		return provider.Reply{}, err
	}
	doc := gjson.ParseBytes(reply.Body)
	if !doc.Get("choices").IsArray() {
		return provider.Reply{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer has no choices"}
	}
	r := newResponse(a.asked)
	r.begin(doc)
	r.take(doc.Get("choices.0"), "message")
	r.finish(reply.Usage)
	return provider.Reply{Body: r.body, Usage: reply.Usage}, nil
}

// Stream begins to turn chat.completion.chunks into events.
func (a *answer) Stream(body io.Reader) provider.Stream {
	return &stream{chunks: a.chat.Stream(body), response: newResponse(a.asked)}
}
