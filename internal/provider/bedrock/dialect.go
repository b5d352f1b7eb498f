// Package bedrock serves clients from Amazon Bedrock's runtime endpoint.
//
// Bedrock has one wire format for Claude models (InvokeModel, whose body is
// Anthropic's) and one for all models (Converse). Both are close kin of
// Anthropic's Messages, so this package translates between those three and
// leaves Chat Completions to the anthropic dialect: a request becomes a Messages
// body there and is carried over here, and an answer comes back the same way.
// The price is a second copy of the body; what it buys is that every rule about
// roles, tool results, thinking and media stands in one place, and that clients
// who speak Messages reach every model on Bedrock.
//
// invoke.go is the way there for Claude models, converse.go for all others;
// frames.go, events.go and message.go are the way back.
package bedrock

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/awserror"
	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// defaultMaxTokens is asked of Claude models when the client names no bound.
// Bedrock books input plus max_tokens against the quota when a request begins,
// so the model's most, 64,000 and over, would let few run side by side. (AWS
// docs, Bedrock, "How tokens are counted".)
const defaultMaxTokens = 8192

// Config is what New needs.
type Config struct {
	// Region is where requests go when a pool names no base_url, such as
	// "us-east-1". Empty means that base_url is required. A region in the host
	// of a base_url goes before it.
	Region string
	// Credentials stand behind keys whose secret is sigv4.Role; nil means that
	// such keys fail.
	Credentials sigv4.Credentials
	// MaxTokens is asked for when the client names no bound. 0 means 8,192 for
	// Claude models and the model's own maximum for others, since many refuse
	// more than they have and nobody lists how much that is.
	MaxTokens int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// NewID makes the id of an answer that has none, of letters and digits; nil
	// means a random one.
	NewID func() string
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	return c
}

// Dialect speaks to the runtime endpoint, bedrock-runtime. Its other endpoints
// that take Anthropic's format as it is (…/anthropic, bedrock-mantle) need
// nothing of this: see package claudeaws.
type Dialect struct {
	cfg      Config
	signer   *sigv4.Signer
	messages *anthropic.Dialect
}

var (
	_ provider.Dialect = (*Dialect)(nil)
	_ provider.Native  = (*Dialect)(nil)
)

// New returns the dialect.
func New(cfg Config) *Dialect {
	cfg = cfg.withDefaults()
	return &Dialect{
		cfg:      cfg,
		signer:   sigv4.New(sigv4.Config{Service: "bedrock", Region: cfg.Region, Credentials: cfg.Credentials, Now: cfg.Now}),
		messages: anthropic.New(anthropic.Config{Now: cfg.Now}),
	}
}

// DefaultBaseURL is the runtime endpoint of the configured region.
func (d *Dialect) DefaultBaseURL() string {
	switch {
	case d.cfg.Region == "":
		return ""
	case strings.HasPrefix(d.cfg.Region, "cn-"):
		return "https://bedrock-runtime." + d.cfg.Region + ".amazonaws.com.cn"
	default:
		return "https://bedrock-runtime." + d.cfg.Region + ".amazonaws.com"
	}
}

// Family is the model's id itself: Bedrock counts per account, region and model,
// and separately for each inference profile, "us." and "global." among them. An
// ARN is reduced to the id in it. (AWS docs, Bedrock, "Quotas".)
func (*Dialect) Family(model string) string { return idOf(model) }

// Authorize signs the request with AWS credentials, or puts a Bedrock API key on
// it; see sigv4.Signer.Authorize for the forms of key.
func (d *Dialect) Authorize(r *http.Request, key secret.Value) { d.signer.Authorize(r, key) }

// Classify understands a refusal.
func (*Dialect) Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	return awserror.Classify(status, h, body, now)
}

// Signals are always empty: Bedrock's headers tell what a request took
// (x-amzn-bedrock-input-token-count and others), never what is left, nor whose
// quota it was.
func (*Dialect) Signals(http.Header, time.Time) upstream.Signals { return upstream.Signals{} }
