package anthropic

import (
	"fmt"
	"net/http"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/tidwall/gjson"
)

// EncodeChat translates a Chat Completions request into a call of
// /v1/messages. What has no counterpart is left out and named in Call.Dropped,
// unless the client would read its result (logprobs, audio, several choices):
// that is refused. An answer that may be long is asked for as events, whether
// the client wants a stream (Call.Stream) or not, see collect.go.
func (d *Dialect) EncodeChat(req *chat.Request, model string) (*provider.Call, error) {
	e := newEncoder(req, model, d.behaviour(model))
	e.autoCache = d.autoCache
	if err := e.encode(); err != nil {
		return nil, err
	}
	return &provider.Call{
		Method:  http.MethodPost,
		Path:    messagesPath,
		Header:  e.header,
		Body:    e.b,
		Stream:  req.Stream,
		Dropped: e.dropped,
		Answer:  &answer{now: d.now, includeUsage: req.IncludeUsage, forms: e.tools.forms, prefix: e.history.prefix},
	}, nil
}

// encoder writes one request. It is used once.
type encoder struct {
	b       []byte // the body so far
	req     *chat.Request
	model   string
	is      behaviour
	header  http.Header
	dropped []string

	autoCache bool // see Config
	maxTokens int64
	tools     toolset
	choice    toolChoice // the client's
	format    format     // of the answer
	history   history    // what the messages allow, once they are written
}

func newEncoder(req *chat.Request, model string, is behaviour) *encoder {
	return &encoder{
		b:      make([]byte, 0, len(req.Raw)+1<<10),
		req:    req,
		model:  model,
		is:     is,
		header: http.Header{"Anthropic-Version": {apiVersion}, "Content-Type": {"application/json"}},
	}
}

// encode writes the body. The order matters only where a step reads what an
// earlier one found out: the system prompt depends on the tools and the format,
// thinking on the history, the betas on everything.
func (e *encoder) encode() error {
	e.b = append(e.b, '{')
	steps := [...]func() error{
		e.refuse,
		e.dropUnknown,
		e.writeModel,
		e.checkThinking,
		e.writeMaxTokens,
		e.readTools,
		e.readToolChoice,
		e.readFormat,
		e.writeMessages, // and system
		e.writeTools,    // and tool_choice, mcp_servers
		e.writeThinking, // and output_config, sampling
		e.writeStop,
		e.writeUser,
		e.writeServiceTier,
		e.writeExtras,
		e.writeCaching,
		e.writeBetas,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if e.req.Stream || e.maxTokens > maxUnstreamed {
		e.raw("stream", "true")
	}
	e.b = append(e.b, '}')
	return nil
}

func (e *encoder) writeModel() error {
	e.key("model")
	e.b = gjson.AppendJSONString(e.b, e.model)
	return nil
}

// get returns a top-level field of the request; null counts as absent.
func (e *encoder) get(name string) gjson.Result { return e.req.Get(name) }

// key begins a field of the body.
func (e *encoder) key(name string) {
	if len(e.b) > 1 {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, name...)
	e.b = append(e.b, `":`...)
}

// raw writes a field of the body whose value is JSON already.
func (e *encoder) raw(name, value string) {
	e.key(name)
	e.b = append(e.b, value...)
}

func (e *encoder) drop(name string) { e.dropped = append(e.dropped, name) }

// paramError is a *chat.ParamError for the parameter at path.
func paramError(path, format string, args ...any) error {
	return &chat.ParamError{Param: path, Message: fmt.Sprintf(format, args...)}
}
