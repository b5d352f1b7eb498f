// Package openai speaks OpenAI's APIs to OpenAI itself and to the many servers
// that are compatible with it (Azure's v1 API, Groq, DeepSeek, OpenRouter,
// Gemini's and Bedrock's compatible endpoints, vLLM, Ollama).
//
// It is the dialect of the clients, so requests and answers pass through byte by
// byte: only the model's name is replaced, and a chat stream is asked for its
// usage. Everything else here is about understanding: usage, refusals, quota
// headers, and whether a stream came to its proper end. What is peculiar to one
// server is data in Config, so that a server needs no code of its own.
package openai

import (
	"net/http"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
)

// Dialect is the wire dialect of OpenAI. It is stateless and safe for
// concurrent use.
type Dialect struct{ cfg Config }

var (
	_ provider.Dialect = (*Dialect)(nil)
	_ provider.Native  = (*Dialect)(nil)
)

// New returns the dialect for cfg.
func New(cfg Config) *Dialect { return &Dialect{cfg} }

// DefaultBaseURL is the server's own, with the version; empty when it has none.
func (d *Dialect) DefaultBaseURL() string {
	if d.cfg.BaseURL == "" && !d.cfg.Compatible {
		return "https://api.openai.com/v1"
	}
	return d.cfg.BaseURL
}

// EncodeChat passes the request through, asking for model. It never fails.
func (d *Dialect) EncodeChat(req *chat.Request, model string) (*provider.Call, error) {
	call := &provider.Call{
		Method: http.MethodPost,
		Path:   "/chat/completions",
		Header: http.Header{"Content-Type": {"application/json"}},
		Stream: req.Stream,
	}
	hideUsage := req.Stream && !req.IncludeUsage && !d.cfg.OmitStreamUsage
	if hideUsage {
		call.Body = req.WithModelAndUsage(model)
	} else {
		call.Body = req.WithModel(model)
	}
	call.Body, call.Dropped = adapt(call.Body, d.cfg.Params)
	call.Answer = answer{rules: d.cfg.Rules, hideUsage: hideUsage}
	return call, nil
}

// Authorize sends the key as a bearer token.
func (*Dialect) Authorize(r *http.Request, key secret.Value) {
	r.Header.Set("Authorization", "Bearer "+key.Reveal())
}
