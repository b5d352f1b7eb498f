package messages

import "github.com/fallow-dev/fallow/internal/chat"

// Request is a parsed, valid request for /v1/messages, or for its count_tokens,
// which takes the same without max_tokens. It is immutable and safe for
// concurrent use.
type Request struct {
	chat.Document
	// Model is the model the client named: a route of the config, not yet an
	// upstream model.
	Model string
	// Stream is the field "stream".
	Stream bool
}

// ParamError is a fault of the client in one parameter.
type ParamError = chat.ParamError

// MaxOutput is the most tokens the client will take, max_tokens; 0 when it is
// missing, as it may be only where tokens are counted.
func (r *Request) MaxOutput() int64 { return int64(r.Get("max_tokens").Num) }
