package gateway

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/messages"
	"github.com/fallow-dev/fallow/internal/provider"
)

// countSurface is POST /v1/messages/count_tokens. To count takes no tokens and
// has a quota of its own (Anthropic docs, build-with-claude/token-counting), so
// nothing is booked on that of the model.
var countSurface = &surface{
	api: provider.CountTokens, parse: parseCount, shape: anthropicShape{}, native: isAnthropicError, family: string(provider.CountTokens),
}

type countRequest struct{ messagesRequest }

func parseCount(body []byte, header http.Header) (request, error) {
	req, err := messages.Parse(body)
	if err != nil {
		return nil, err
	}
	return countRequest{messagesRequest{req, provider.NativeRequest{API: provider.CountTokens, Body: body, Header: header}}}, nil
}

func (countRequest) stream() bool                        { return false }
func (countRequest) maxOutput() int64                    { return 0 }
func (countRequest) size(estimate.Formula) estimate.Size { return estimate.Size{} }

func (r countRequest) encode(d provider.Dialect, model string) (*provider.Call, error) {
	native := r.native
	native.Model = model
	if call, ok := messages.Native(r.Request, d, native); ok {
		return call, nil
	}
	return nil, errNoSuchAPI
}

// answerer is a request that we can answer where the provider has no such API.
type answerer interface {
	answer(r *estimate.Ratios, t target) []byte
}

// answer is our own estimate, as good as what was learned of the model.
func (r countRequest) answer(ratios *estimate.Ratios, t target) []byte {
	return messages.CountTokens(r.Request, ratios, t.model, t.formula())
}
