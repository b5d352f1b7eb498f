// Package azure speaks to Azure OpenAI through its v1 API, which is OpenAI's
// dialect but for who may call and what some refusals mean. A pool's base_url
// names the resource, as in https://{resource}.openai.azure.com/openai/v1; its
// models are deployments. (Microsoft docs, ai-foundry/openai/api-version-lifecycle.)
package azure

import (
	"net/http"
	"strings"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Dialect is the wire dialect of Azure OpenAI. It is stateless and safe for
// concurrent use.
type Dialect struct{ *openai.Dialect }

var (
	_ provider.Dialect = Dialect{}
	_ provider.Native  = Dialect{}
)

// New returns the dialect. It has no default base URL: each resource has its own.
func New() Dialect { return Dialect{openai.New(server)} }

// server is what differs from OpenAI. That limits which are not positive are left
// out, and that a stream's first chunk may have no choices, holds everywhere.
var server = openai.Config{
	Compatible: true,
	APIs: []provider.API{provider.Responses, provider.Completions, provider.Embeddings, provider.Images,
		provider.Speech, provider.Transcriptions, provider.Translations},
	// Quota is for each deployment, whatever model and version it holds, and the
	// name is the operator's: a date in it means nothing.
	Family: func(deployment string) string { return deployment },
	Rules: openai.Rules{
		// Of the prompt or of the answer so far; the other deployments of a pool
		// have the same filter more often than not.
		{Word: "content_filter", Class: upstream.Client},
		{Word: "OperationNotSupported", Class: upstream.UnknownModel}, // a deployment of another kind
		{Word: "PermissionDenied", Class: upstream.Permission},        // an Entra identity without the role
		{Word: "NoCapacity", Class: upstream.Overload},
		{Status: 429, Text: "currently experiencing high demand", Class: upstream.Overload},
		{Word: "Timeout", Class: upstream.Timeout},
		{Word: "OperationTimeout", Class: upstream.Timeout},
	},
}

// Authorize sends a resource's key in the header api-key and an Entra ID token as
// a bearer token. They are told apart by their form: the latter is a JWT.
func (d Dialect) Authorize(r *http.Request, key secret.Value) {
	r.Header.Del("Authorization")
	r.Header.Del("Api-Key")
	if isToken(key.Reveal()) {
		d.Dialect.Authorize(r, key)
		return
	}
	r.Header.Set("Api-Key", key.Reveal())
}

// isToken reports whether s has the form of a JWT: three parts, the first of
// which is a JSON object in base64.
func isToken(s string) bool {
	return strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2
}
