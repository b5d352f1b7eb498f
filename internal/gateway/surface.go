package gateway

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/estimate"
	"github.com/fallow-dev/fallow/internal/provider"
)

// surface is one client API: all in which it differs from the others. The way
// of a request is the same for all of them and stands in serve.go.
type surface struct {
	// api is its name in events; empty for Chat Completions.
	api provider.API
	// parse reads a request. header is the client's.
	parse func(body []byte, header http.Header) (request, error)
	// shape is how its errors look.
	shape shape
	// native recognises a provider's refusal in the client's own API, which is
	// passed on as it is; nil where none is.
	native func(refusal []byte) bool
	// ping is the event that tells a client of life while the provider is silent.
	ping []byte
	// done is the data of the event that ends a stream; nil if there is none.
	done []byte
	// failed is the event that tells of an error in the midst of a stream.
	failed func(s provider.Stream, e *apiError, id string) provider.Chunk
	// family is the quota family of its calls, where it is not the model's.
	family string
	// keeps ends the path of those calls whose answers the provider keeps: the
	// ids in them must lead back to their key. Empty when it keeps none.
	keeps string
}

// request is a client's request, as far as the gateway must understand it.
type request interface {
	model() string
	stream() bool
	// conversation is what the turns of one conversation have in common.
	conversation() string
	// maxOutput is the most tokens that may be produced; 0 when it does not say.
	maxOutput() int64
	// size is what the model will read.
	size(f estimate.Formula) estimate.Size
	// encode makes the call that asks a target's model.
	encode(d provider.Dialect, model string) (*provider.Call, error)
}
