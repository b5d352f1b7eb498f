// Package openai speaks Chat Completions to OpenAI itself and to the many
// servers that are compatible with it (Azure's v1 API, Groq, DeepSeek, OpenRouter,
// Gemini's and Bedrock's compatible endpoints, vLLM, Ollama).
//
// It is the dialect of the clients, so requests and answers pass through byte by
// byte: only the model's name is replaced, and a stream is asked for its usage.
// Everything else here is about understanding: usage, refusals, quota headers,
// and whether a stream came to its proper end.
package openai

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
)

// Config says whom the dialect speaks to. Its zero value is OpenAI.
type Config struct {
	// Compatible is for servers that are not OpenAI: there is no default base
	// URL. A base URL includes the version, as in https://api.groq.com/openai/v1.
	Compatible bool
	// OmitStreamUsage leaves stream_options as the client sent it. By default a
	// stream is asked for its usage even if the client did not, because without
	// it a booking cannot be settled by real figures; but some compatible servers
	// refuse the field.
	OmitStreamUsage bool
}

// Dialect is the wire dialect of OpenAI. It is stateless and safe for
// concurrent use.
type Dialect struct{ cfg Config }

var _ provider.Dialect = (*Dialect)(nil)

// New returns the dialect for cfg.
func New(cfg Config) *Dialect { return &Dialect{cfg} }

// DefaultBaseURL is OpenAI's, with the version; empty for compatible servers.
func (d *Dialect) DefaultBaseURL() string {
	if d.cfg.Compatible {
		return ""
	}
	return "https://api.openai.com/v1"
}

// EncodeChat passes the request through, asking for model. It never fails.
func (d *Dialect) EncodeChat(req *chat.Request, model string) (*provider.Call, error) {
	call := &provider.Call{
		Method: http.MethodPost,
		Path:   "/chat/completions",
		Header: http.Header{"Content-Type": {"application/json"}},
		Stream: req.Stream,
	}
	if req.Stream && !req.IncludeUsage && !d.cfg.OmitStreamUsage {
		call.Body = req.WithModelAndUsage(model)
		call.Answer = answer{hideUsage: true}
		return call, nil
	}
	call.Body = req.WithModel(model)
	call.Answer = answer{}
	return call, nil
}

// Authorize sends the key as a bearer token, which Azure's v1 API takes too.
func (*Dialect) Authorize(r *http.Request, key secret.Value) {
	r.Header.Set("Authorization", "Bearer "+key.Reveal())
}
