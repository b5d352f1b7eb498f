package gateway

import (
	"cmp"
	"net/http"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/messages"
	"github.com/fallow-dev/fallow/internal/provider"
)

// messagesPing is Anthropic's own sign of life.
var messagesPing = []byte("event: ping\ndata: {\"type\": \"ping\"}\n\n")

// messagesSurface is POST /v1/messages.
var messagesSurface = &surface{
	api: provider.Messages, parse: parseMessages, shape: anthropicShape{}, native: isAnthropicError, ping: messagesPing,
	failed: func(_ provider.Stream, e *apiError, id string) provider.Chunk {
		return messages.ErrorEvent(e.status, cmp.Or(e.code, e.kind), e.message, id)
	},
}

type messagesRequest struct {
	*messages.Request
	native provider.NativeRequest
}

func parseMessages(body []byte, header http.Header) (request, error) {
	req, err := messages.Parse(body)
	if err != nil {
		return nil, err
	}
	return messagesRequest{req, provider.NativeRequest{API: provider.Messages, Body: body, Stream: req.Stream, Header: header}}, nil
}

func (r messagesRequest) model() string        { return r.Model }
func (r messagesRequest) stream() bool         { return r.native.Stream }
func (r messagesRequest) conversation() string { return r.Conversation() }
func (r messagesRequest) maxOutput() int64     { return r.MaxOutput() }

func (r messagesRequest) size(f estimate.Formula) estimate.Size { return estimate.Measure(r, f) }

func (r messagesRequest) encode(d provider.Dialect, model string) (*provider.Call, error) {
	native := r.native
	native.Model = model
	return messages.Encode(r.Request, d, native)
}
