// Package anthropic serves Chat Completions from Anthropic's Messages API.
//
// A request is translated by appending to one buffer and copying the client's
// JSON values raw, never by decoding into structs and encoding them again: a
// prompt cache hit and a thinking signature depend on the bytes of system,
// tools and history, so the same request must always give the same bytes.
// encode.go is the table of contents of that translation, whole.go and
// stream.go are those of the way back, collect.go makes one piece of what had to
// come as events, classify.go says what a refusal means.
//
// What differs from model to model stands in one table, behaviours.json. A
// client that speaks the Messages API itself is passed through, see native.go.
// testdata/checklist.json lists what is translated and by which rule.
package anthropic

import (
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
)

// apiVersion is the wire version of translated calls. The newer 2026-10-21
// refuses every sampling parameter, even on models that honour them, and has
// nothing that a translation needs; 2023-06-01 serves the newest models too.
// (Anthropic docs, api/versioning and its migration guide.)
const apiVersion = "2023-06-01"

// Config is what New needs.
type Config struct {
	// Now gives the time an answer is stamped with; nil means time.Now.
	Now func() time.Time
	// Capabilities tells what GET /v1/models said of a model, which goes before
	// this package's own table; nil, or ok false, leaves it to the table. It is
	// called once for each request and must not block.
	Capabilities func(model string) (c provider.Capabilities, ok bool)
	// AutoCache asks for a prompt cache where a client of Chat Completions or
	// Responses says nothing of one and its prompt is likely to come again, see
	// comesAgain. Most such clients know no other cache than OpenAI's, which
	// needs no asking. Clients of the Messages API are left to themselves, as
	// are models that are not Claude.
	//
	// What is written to the cache costs a quarter more than other input, once;
	// what is read from it costs a tenth, and does not count against the input
	// tokens per minute. So it pays when more than about one in four of these
	// prompts comes again within five minutes, grown at its end: in the loop of an
	// agent nearly all do. Prompts below the model's minimum (512 to 4,096
	// tokens) are not cached and cost the same as ever. (Anthropic docs,
	// build-with-claude/prompt-caching.)
	//
	// False is right for endpoints other than Anthropic's own: not all that speak
	// the format have the automatic breakpoint, InvokeModel of Bedrock among them.
	AutoCache bool
}

// Dialect speaks the Messages API, version 2023-06-01.
type Dialect struct {
	now          func() time.Time
	capabilities func(model string) (provider.Capabilities, bool)
	autoCache    bool
}

var _ provider.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New(cfg Config) *Dialect {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Capabilities == nil {
		cfg.Capabilities = func(string) (provider.Capabilities, bool) { return provider.Capabilities{}, false }
	}
	return &Dialect{now: cfg.Now, capabilities: cfg.Capabilities, autoCache: cfg.AutoCache}
}

// behaviour is what is known of a model, by its provider or else by the table.
func (d *Dialect) behaviour(model string) behaviour {
	b := behaviourOf(model)
	if c, ok := d.capabilities(model); ok {
		b = b.with(c)
	}
	return b
}

// DefaultBaseURL is Anthropic's own endpoint.
func (*Dialect) DefaultBaseURL() string { return "https://api.anthropic.com" }

// Authorize sets x-api-key. Keys look like sk-ant-…; the form is not checked,
// since endpoints that speak the same wire format hand out other ones.
func (*Dialect) Authorize(r *http.Request, key secret.Value) {
	r.Header.Set("x-api-key", key.Reveal())
}
