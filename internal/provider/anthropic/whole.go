package anthropic

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

// answer reads what comes back from /v1/messages.
type answer struct {
	now          func() time.Time
	includeUsage bool // of a stream
	forms        forms
	prefix       string // goes before the text; raw JSON without quotes
}

var _ provider.Answer = (*answer)(nil)

// Whole turns a message into a chat.completion.
func (a *answer) Whole(body []byte) (provider.Reply, error) {
	body, err := inOnePiece(body, a.now)
	if err != nil {
		return provider.Reply{}, err
	}
	msg, err := readMessageBody(body, a.now())
	if err != nil {
		return provider.Reply{}, err
	}
	var u usage
	u.merge(msg.Get("usage"))
	u.Exact = msg.Get("usage").IsObject()
	out := a.appendCompletion(make([]byte, 0, len(body)+1<<9), msg, u)
	return provider.Reply{Body: out, Usage: u.Usage}, nil
}

// readMessageBody parses the body of an answer that is not streamed. The error
// is a *upstream.Fault.
func readMessageBody(body []byte, now time.Time) (gjson.Result, error) {
	if !json.Valid(body) {
		return gjson.Result{}, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not JSON"}
	}
	msg := gjson.ParseBytes(body)
	if msg.Get("type").Str == "error" {
		return msg, classifyLate(body, now)
	}
	if !msg.Get("content").IsArray() {
		return msg, &upstream.Fault{Class: upstream.Provider, Message: "the provider's answer is not a message"}
	}
	return msg, nil
}

func (a *answer) appendCompletion(dst []byte, msg gjson.Result, u usage) []byte {
	dst = appendHead(dst, "chat.completion", msg, a.now())
	dst = append(dst, `,"choices":[{"index":0,"message":`...)
	m := completion{forms: a.forms, text: []byte(a.prefix), length: characters(a.prefix)}
	for _, b := range msg.Get("content").Array() {
		m.add(b)
	}
	end := readEnding(msg)
	end.settle(m.counts)
	dst = m.append(dst, end)
	dst = append(dst, `,"logprobs":null,`...)
	dst = append(appendEnding(dst, end), `}],"usage":`...)
	dst = u.append(dst)
	switch msg.Get("usage.service_tier").Str {
	case "standard":
		dst = append(dst, `,"service_tier":"default"`...)
	case "priority":
		dst = append(dst, `,"service_tier":"priority"`...)
	}
	return append(appendExtensions(dst, msg), '}')
}

// extensions are the fields of a message that have no counterpart and are
// passed on under their own names: what was edited out of the context, the
// container to go on in, why the cache was missed.
var extensions = [...]string{"context_management", "container", "diagnostics"}

func appendExtensions(dst []byte, msg gjson.Result) []byte {
	for _, name := range extensions {
		if v := msg.Get(name); v.IsObject() {
			dst = append(append(append(dst, `,"`...), name...), `":`...)
			dst = append(dst, v.Raw...)
		}
	}
	return dst
}

// appendHead begins a completion or a chunk with what all of one answer share.
func appendHead(dst []byte, object string, msg gjson.Result, now time.Time) []byte {
	dst = append(dst, `{"id":"chatcmpl-`...)
	dst = append(dst, strings.TrimPrefix(inner(msg.Get("id")), "msg_")...)
	dst = append(append(dst, `","object":"`...), object...)
	dst = strconv.AppendInt(append(dst, `","created":`...), now.Unix(), 10)
	return append(append(dst, `,"model":`...), rawString(msg.Get("model"))...)
}
