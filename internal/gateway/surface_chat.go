package gateway

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
)

// chatSurface is POST /v1/chat/completions.
var chatSurface = &surface{parse: parseChat, shape: openAIShape{}, ping: comment, done: doneMark, failed: failedChat}

var (
	comment  = []byte(": \n\n") // which every client of server-sent events ignores
	doneMark = []byte("[DONE]")
)

type chatRequest struct{ *chat.Request }

func parseChat(body []byte, _ http.Header) (request, error) {
	req, err := chat.Parse(body)
	if err != nil {
		return nil, err
	}
	return chatRequest{req}, nil
}

// failedChat is what OpenAI's SDKs raise on wherever it comes: an object with an
// error in it.
func failedChat(_ provider.Stream, e *apiError, id string) provider.Chunk {
	return provider.Chunk{Data: openAIShape{}.body(e, id)}
}

func (r chatRequest) model() string        { return r.Model }
func (r chatRequest) stream() bool         { return r.Stream }
func (r chatRequest) conversation() string { return r.Conversation() }
func (r chatRequest) maxOutput() int64     { return r.MaxOutput() }

func (r chatRequest) size(f estimate.Formula) estimate.Size { return estimate.Measure(r.Request, f) }

func (r chatRequest) encode(d provider.Dialect, model string) (*provider.Call, error) {
	return d.EncodeChat(r.Request, model)
}
