// Package gemini speaks to Google's Gemini API through its OpenAI-compatible
// endpoint. Requests and answers are OpenAI's; refusals are Google's own, and
// they say more: which quota was met, whether it is one for a day, and when to
// come back. (Google docs, ai.google.dev/gemini-api/docs/openai and
// …/docs/rate-limits; the shapes of refusals are google.rpc's.)
package gemini

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Dialect is the wire dialect of Gemini's compatible endpoint. It is stateless
// and safe for concurrent use.
type Dialect struct{ *openai.Dialect }

var (
	_ provider.Dialect = Dialect{}
	_ provider.Native  = Dialect{}
)

// New returns the dialect.
func New() Dialect { return Dialect{openai.New(server)} }

var server = openai.Config{
	Compatible: true,
	BaseURL:    "https://generativelanguage.googleapis.com/v1beta/openai",
	APIs:       []provider.API{provider.Embeddings, provider.Images},
	// Fields that the endpoint answers with 400, "Unknown name … Cannot find
	// field", although nothing is lost without them. logprobs and logit_bias are
	// not here: who sends them relies on what they do, and is to see the refusal.
	Params: map[string]string{"store": "", "seed": "", "frequency_penalty": "", "presence_penalty": ""},
	Limits: []openai.Limit{}, // no headers tell of them
	Family: bare,
	Rules: openai.Rules{
		{Status: 403, Text: "has not been used in project", Class: upstream.Auth}, // the API is off
		{Status: 403, Text: "reported as leaked", Class: upstream.Auth},
		{Status: 403, Text: "suspended", Class: upstream.Hold},
		{Status: 400, Text: "api key expired", Class: upstream.Auth},
		{Status: 400, Text: "user location is not supported", Class: upstream.Provider}, // says nothing of the key
		{Status: 429, Text: "prepayment credits are depleted", Class: upstream.Billing},
	},
}

// projects are the ids of projects, which say whose quota was met.
var projects = regexp.MustCompile(`\bproject(?:_number:|s/| )\S*\d{6,}`)

// bare is a model's name without what the list of models puts before it.
func bare(model string) string { return strings.TrimPrefix(model, "models/") }

// ParseModels reads the list, in which names begin with "models/".
func (d Dialect) ParseModels(body []byte) ([]provider.Model, error) {
	models, err := d.Dialect.ParseModels(body)
	for i := range models {
		models[i].ID = bare(models[i].ID)
	}
	return models, err
}

// Classify understands a refusal. One for lack of quota names the quotas that
// were met, and they decide how long it lasts.
func (d Dialect) Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	f := d.Dialect.Classify(status, h, body, now)
	f.Message = projects.ReplaceAllString(f.Message, "[redacted]")
	if f.Class == upstream.RateLimit {
		readQuota(body).judge(f, now)
	}
	return f
}
