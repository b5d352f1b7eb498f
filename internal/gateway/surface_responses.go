package gateway

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/responses"
)

// responsesSurface is POST /v1/responses. An answer of a provider that has the
// API is kept there; one that was translated is kept by nobody.
var responsesSurface = &surface{
	api: provider.Responses, parse: parseResponses, shape: openAIShape{}, ping: comment, keeps: "/responses",
	failed: func(s provider.Stream, e *apiError, _ string) provider.Chunk {
		return responses.FailedEvent(s, e.code, e.message)
	},
}

type responsesRequest struct {
	*responses.Request
	header http.Header
}

func parseResponses(body []byte, header http.Header) (request, error) {
	req, err := responses.Parse(body)
	if err != nil {
		return nil, err
	}
	return responsesRequest{req, header}, nil
}

func (r responsesRequest) model() string        { return r.Model }
func (r responsesRequest) stream() bool         { return r.Stream }
func (r responsesRequest) conversation() string { return r.Conversation() }
func (r responsesRequest) maxOutput() int64     { return r.MaxOutput() }

func (r responsesRequest) size(f estimate.Formula) estimate.Size {
	return estimate.Measure(responses.Prompt{Request: r.Request}, f)
}

func (r responsesRequest) encode(d provider.Dialect, model string) (*provider.Call, error) {
	return responses.Encode(r.Request, d, provider.NativeRequest{Model: model, Header: r.header})
}
