package gateway

import (
	"fmt"
	"net/http"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/responses"
)

// inputTokensSurface is POST /v1/responses/input_tokens, the count of the
// Responses API. As for Messages nothing is booked on the model's quota.
var inputTokensSurface = &surface{
	api: provider.InputTokens, parse: parseInputTokens, shape: openAIShape{}, family: string(provider.InputTokens),
}

type inputTokensRequest struct{ responsesRequest }

func parseInputTokens(body []byte, header http.Header) (request, error) {
	req, err := responses.Parse(body)
	if err != nil {
		return nil, err
	}
	return inputTokensRequest{responsesRequest{req, header}}, nil
}

func (inputTokensRequest) stream() bool                        { return false }
func (inputTokensRequest) maxOutput() int64                    { return 0 }
func (inputTokensRequest) size(estimate.Formula) estimate.Size { return estimate.Size{} }

func (r inputTokensRequest) encode(d provider.Dialect, model string) (*provider.Call, error) {
	if call, ok := responses.EncodeCount(r.Request, d, provider.NativeRequest{Model: model, Header: r.header}); ok {
		return call, nil
	}
	return nil, errNoSuchAPI
}

// answer is our own estimate, as for Messages.
func (r inputTokensRequest) answer(ratios *estimate.Ratios, t target) []byte {
	n := ratios.Tokens(t.model, r.responsesRequest.size(t.formula()))
	return fmt.Appendf(nil, `{"object":"response.input_tokens","input_tokens":%d}`, n)
}
