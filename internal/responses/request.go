package responses

import (
	"fmt"

	"github.com/fallow-dev/fallow/internal/chat"
)

// Request is a parsed, valid request for /v1/responses. It is immutable and safe
// for concurrent use.
type Request struct {
	chat.Document
	// Model is the model the client named: a route of the config, not yet an
	// upstream model.
	Model string
	// Stream is the field "stream".
	Stream bool
	// PreviousResponseID names the answer that this request goes on from; empty
	// when it holds its whole input. Only the organisation that gave that answer
	// knows it.
	PreviousResponseID string
	// Store is false only if the client said so: OpenAI stores by default.
	Store bool
}

// MaxOutput is the most tokens the client will take, max_output_tokens; 0 when
// it did not say.
func (r *Request) MaxOutput() int64 { return int64(r.Get("max_output_tokens").Num) }

// Prompt is what the model reads of a request, under the names that Chat
// Completions has for it, by which estimates are made.
type Prompt struct{ *Request }

// Bytes returns the field's value as JSON; empty if the request has none.
func (p Prompt) Bytes(field string) []byte {
	switch field {
	case "system":
		field = "instructions"
	case "messages":
		field = "input"
	case "response_format":
		field = "text"
	}
	return p.Document.Bytes(field)
}

// fault is a *chat.ParamError for the parameter at path.
func fault(path, format string, args ...any) error {
	return &chat.ParamError{Param: path, Message: fmt.Sprintf(format, args...)}
}
