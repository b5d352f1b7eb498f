// Package provider holds the contract between the gateway and the wire
// dialects of the providers. Each dialect is one package below this one;
// adding a provider means adding a package and one line where the
// application is wired.
package provider

import (
	"io"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Dialect speaks one provider's wire format. It does no I/O: it says what to
// send and understands what came back. Implementations are stateless and
// safe for concurrent use.
type Dialect interface {
	// DefaultBaseURL is where requests go when a pool names no base_url;
	// empty when the dialect has no home of its own and base_url is required.
	DefaultBaseURL() string

	// Family names the quota family of a model: models of one family draw
	// on one quota. A model it does not know is a family of its own.
	Family(model string) string

	// EncodeChat turns a Chat Completions request into the call that asks
	// model for it. The error, if any, is a *chat.ParamError: the client sent
	// something that cannot be honoured there.
	EncodeChat(req *chat.Request, model string) (*Call, error)

	// Authorize puts the credential on an outgoing request.
	Authorize(r *http.Request, key secret.Value)

	// Classify understands a refusal: any answer whose status is not 2xx.
	// body may be truncated, empty or not JSON (a proxy's page).
	Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault

	// Signals reads what the headers of any answer say about the quota.
	Signals(h http.Header, now time.Time) upstream.Signals

	// ModelsCall is the free call that lists the provider's models, nil when
	// there is none, and ParseModels reads its answer.
	ModelsCall() *Call
	ParseModels(body []byte) ([]Model, error)
}

// API is a form in which clients ask, by the path they call.
type API string

// The APIs beside Chat Completions, which every dialect can encode.
const (
	Messages       API = "messages"       // Anthropic's POST /v1/messages
	CountTokens    API = "count_tokens"   // POST /v1/messages/count_tokens
	Responses      API = "responses"      // OpenAI's POST /v1/responses
	InputTokens    API = "input_tokens"   // POST /v1/responses/input_tokens
	Completions    API = "completions"    // the legacy POST /v1/completions
	Embeddings     API = "embeddings"     // POST /v1/embeddings
	Moderations    API = "moderations"    // POST /v1/moderations
	Images         API = "images"         // POST /v1/images/generations
	Speech         API = "speech"         // POST /v1/audio/speech
	Transcriptions API = "transcriptions" // POST /v1/audio/transcriptions
	Translations   API = "translations"   // POST /v1/audio/translations
	Rerank         API = "rerank"         // POST /v1/rerank
)

// Native is a dialect that takes requests of further APIs in the form in which
// the client sent them. Where a dialect does not, the gateway translates if it
// can, by way of Chat Completions, and refuses if it cannot.
type Native interface {
	// EncodeNative makes the call, with nothing changed in the body but the
	// model, and where a long answer would break off otherwise the field that
	// asks for it as events; false when the provider has no such API.
	EncodeNative(r NativeRequest) (*Call, bool)
}

// NativeRequest is a client's request for one of the APIs.
type NativeRequest struct {
	API API
	// Body is as the client sent it; it must not be modified. Its type, where
	// it is not JSON, stands in Header.
	Body []byte
	// Model is the upstream model, which replaces the one in the body.
	Model  string
	Stream bool
	// Header is the client's. A dialect copies from it by name what belongs to
	// the provider's API, such as anthropic-beta, and never a credential.
	Header http.Header
}

// Call is one request to a provider, complete except for its credential, and
// the means to read its answer. It can be sent more than once, to several keys.
type Call struct {
	Method string
	// Path is appended to the pool's base URL; it begins with a slash.
	Path   string
	Header http.Header
	Body   []byte // nil for a GET
	// Stream says that the client is to get server-sent events. An Answer.Whole
	// must expect such a body without it, if the call asks for one.
	Stream bool
	// Dropped names the client's parameters that had no counterpart and were
	// left out, for x-fallow-dropped-params.
	Dropped []string
	// Answer reads what comes back; nil for calls that are not generations.
	Answer Answer
}

// Answer reads a successful answer and turns it into the dialect the client spoke.
type Answer interface {
	// Whole converts a complete body. The error is a *upstream.Fault when the
	// body is itself a provider's error.
	Whole(body []byte) (Reply, error)
	// Stream begins to convert a body of server-sent events.
	Stream(body io.Reader) Stream
}

// Reply is a complete answer in the client's dialect.
type Reply struct {
	Body []byte
	// Type is the body's media type; empty means application/json.
	Type  string
	Usage upstream.Usage
}

// Stream yields an answer in the client's dialect, event by event. It is used
// by one goroutine at a time.
type Stream interface {
	// Next returns the next chunk. It returns io.EOF only after the provider's
	// own success terminator; a *upstream.Fault for an error event inside the
	// stream, of class Truncated when the body ended early; any other error is
	// the body reader's own. Chunk.Data is valid until the next call.
	Next() (Chunk, error)
	// Usage is what is known so far; final once Next has returned an error.
	Usage() upstream.Usage
}

// Chunk is one event for the client.
type Chunk struct {
	// Event is the event's name; empty in Chat Completions, which has none.
	Event string
	// Data is the JSON of one data line. Empty means a sign of life only,
	// which is sent on as an SSE comment.
	Data []byte
	// Content says that this chunk carries generated output. Until the first
	// such chunk nothing has reached the client and another key may be tried.
	Content bool
}

// Model is an entry of a provider's list.
type Model struct {
	ID      string
	Created time.Time // zero when unknown
	Owner   string    // who made it, such as "anthropic"
	// Capabilities is nil when the list says nothing of the kind.
	Capabilities *Capabilities
}
