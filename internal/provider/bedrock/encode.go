package bedrock

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
)

// request is a request in Messages form, on its way to Bedrock's.
type request struct {
	doc    gjson.Result // the body, an object
	model  string
	stream bool
	betas  []string
	answer provider.Answer // reads Messages

	// These say what the Messages body does not, for clients of Chat Completions.
	chat      bool
	unbounded bool   // the client named no bound; the one in the body is made up
	effort    string // reasoning_effort
	tier      string // of Bedrock's service tiers

	dropped []string
	found   map[string]gjson.Result // see get
}

// get returns a field of the body. They are all found in one pass: each search
// would walk over the whole conversation.
func (r *request) get(name string) gjson.Result {
	if r.found == nil {
		r.found = map[string]gjson.Result{}
		r.doc.ForEach(func(key, value gjson.Result) bool {
			r.found[key.Str] = value
			return true
		})
	}
	return r.found[name]
}

// EncodeChat translates a Chat Completions request: by way of Messages into a
// call of InvokeModel for Claude models, of Converse for others.
func (d *Dialect) EncodeChat(req *chat.Request, model string) (*provider.Call, error) {
	inner, err := d.messages.EncodeChat(req, model)
	if err != nil {
		return nil, err
	}
	if err := refuseLinks(req, inner.Body); err != nil {
		return nil, err
	}
	r := &request{
		doc: gjson.ParseBytes(inner.Body), model: model, stream: req.Stream, answer: inner.Answer,
		betas: splitBetas(inner.Header.Values("Anthropic-Beta")), chat: true, unbounded: req.MaxOutput() == 0,
		effort: req.Get("reasoning_effort").Str, tier: serviceTier(req.Get("service_tier").Str),
		dropped: slices.Clone(inner.Dropped),
	}
	if r.tier != "" {
		r.dropped = slices.DeleteFunc(r.dropped, func(name string) bool { return name == "service_tier" })
	}
	return d.encode(r)
}

// EncodeNative takes requests in Messages form, for every model. It declines
// what Bedrock's form cannot say, so that the gateway finds out by translating
// what it is and tells the client.
func (d *Dialect) EncodeNative(n provider.NativeRequest) (*provider.Call, bool) {
	inner, ok := d.messages.EncodeNative(n)
	if !ok || n.API != provider.Messages || !gjson.ValidBytes(inner.Body) {
		return nil, false
	}
	doc := gjson.ParseBytes(inner.Body)
	if !doc.IsObject() {
		return nil, false
	}
	call, err := d.encode(&request{
		doc: doc, model: n.Model, stream: n.Stream, answer: inner.Answer,
		betas: splitBetas(inner.Header.Values("Anthropic-Beta")), dropped: slices.Clone(inner.Dropped),
	})
	return call, err == nil
}

func (d *Dialect) encode(r *request) (*provider.Call, error) {
	form := d.converse
	if isClaude(r.model) {
		form = d.invoke
	}
	return form(r)
}

// call puts a call together. The operation of a stream has an ending of its own.
func (r *request) call(operation, streamed string, body []byte, answer provider.Answer) (*provider.Call, error) {
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if r.stream {
		operation = streamed
		h.Set("Accept", "application/vnd.amazon.eventstream")
	}
	path, err := pathOf(r.model, operation)
	if err != nil {
		return nil, err
	}
	return &provider.Call{
		Method: http.MethodPost, Path: path, Header: h, Body: body,
		Stream: r.stream, Dropped: r.dropped, Answer: answer,
	}, nil
}

// chatNames are OpenAI's names for what Messages calls otherwise.
var chatNames = map[string]string{
	"metadata": "user", "thinking": "reasoning_effort", "effort": "reasoning_effort",
	"disable_parallel_tool_use": "parallel_tool_calls", "anthropic-beta": "anthropic_beta",
}

// maxDropped bounds a response header that repeats names which the client made
// up; droppable is what may stand in it.
const maxDropped = 20

var droppable = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// drop notes a parameter of Messages that is left out, by the client's name.
func (r *request) drop(name string) {
	if n, ok := chatNames[name]; ok && r.chat {
		name = n
	}
	if len(r.dropped) < maxDropped && droppable.MatchString(name) && !slices.Contains(r.dropped, name) {
		r.dropped = append(r.dropped, name)
	}
}

// serviceTier is Bedrock's name for a service tier of OpenAI's; empty for those
// that ask for nothing. (AWS docs, Bedrock, "Service tiers".)
func serviceTier(tier string) string {
	switch tier {
	case "priority", "flex", "default", "reserved":
		return tier
	}
	return ""
}

var errLink = errors.New("images by URL are not fetched by Bedrock; send them as data: URLs")

// refuseLinks refuses images by URL, naming their place, which is lost in
// translation. body tells at once that there are none.
func refuseLinks(req *chat.Request, body []byte) error {
	if !bytes.Contains(body, []byte(`"type":"url"`)) {
		return nil
	}
	for i, message := range req.Get("messages").Array() {
		content := message.Get("content")
		if !content.IsArray() {
			continue
		}
		for j, part := range content.Array() {
			if isLink(part) {
				return &chat.ParamError{Param: fmt.Sprintf("messages[%d].content[%d].image_url", i, j), Message: errLink.Error()}
			}
		}
	}
	return nil
}

func isLink(part gjson.Result) bool {
	image := part.Get("image_url")
	url := image.Get("url").Str
	if isString(image) {
		url = image.Str
	}
	const scheme = "http"
	return part.Get("type").Str == "image_url" && len(url) > len(scheme) && strings.EqualFold(url[:len(scheme)], scheme)
}
