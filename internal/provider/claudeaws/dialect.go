// Package claudeaws serves clients from Anthropic's Messages API where AWS is
// the door to it: Claude Platform on AWS, which Anthropic runs and AWS bills, and
// the endpoints of Bedrock that take the same format
// (https://bedrock-runtime.REGION.amazonaws.com/anthropic and
// https://bedrock-mantle.REGION.api.aws/anthropic as base_url).
//
// It is the anthropic dialect with another credential and, where AWS refuses a
// request before Anthropic has seen it, other errors. (AWS docs, Claude Platform
// on AWS, "Making requests", "Authentication".)
package claudeaws

import (
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/anthropic"
	"github.com/fallow-dev/fallow/internal/provider/awserror"
	"github.com/fallow-dev/fallow/internal/provider/sigv4"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// workspaceHeader names the workspace that a request is for.
const workspaceHeader = "anthropic-workspace-id"

// Config is what New needs.
type Config struct {
	// Workspace is the id of the workspace that requests are for. Claude
	// Platform on AWS requires one; Bedrock's endpoints need none. It is no
	// secret.
	Workspace string
	// Service is the name that is signed for; empty means the one that the
	// request's host belongs to, so that requests to a proxy fail. Three services
	// speak this format: aws-external-anthropic, bedrock and bedrock-mantle.
	Service string
	// Region is where requests go when a pool names no base_url. Empty means
	// that base_url is required. A region in the host of a base_url goes before
	// it.
	Region string
	// Credentials stand behind keys whose secret is sigv4.Role; nil means that
	// such keys fail.
	Credentials sigv4.Credentials
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Dialect is the anthropic dialect behind AWS's door.
type Dialect struct {
	*anthropic.Dialect
	cfg    Config
	signer *sigv4.Signer
}

var _ provider.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New(cfg Config) *Dialect {
	return &Dialect{
		Dialect: anthropic.New(anthropic.Config{Now: cfg.Now}),
		cfg:     cfg,
		signer:  sigv4.New(sigv4.Config{Service: cfg.Service, Region: cfg.Region, Credentials: cfg.Credentials, Now: cfg.Now}),
	}
}

// DefaultBaseURL is Claude Platform on AWS in the configured region.
func (d *Dialect) DefaultBaseURL() string {
	if d.cfg.Region == "" {
		return ""
	}
	return "https://aws-external-anthropic." + d.cfg.Region + ".api.aws"
}

// Authorize names the workspace and signs the request, or puts an API key on
// it; see sigv4.Signer.Authorize for the forms of key.
func (d *Dialect) Authorize(r *http.Request, key secret.Value) {
	if d.cfg.Workspace != "" {
		r.Header.Set(workspaceHeader, d.cfg.Workspace)
	}
	d.signer.Authorize(r, key)
}

// Classify understands a refusal, Anthropic's or AWS's by the form of its body.
func (d *Dialect) Classify(status int, h http.Header, body []byte, now time.Time) *upstream.Fault {
	if gjson.GetBytes(body, "error.type").Type != gjson.String {
		return awserror.Classify(status, h, body, now)
	}
	f := d.Dialect.Classify(status, h, body, now)
	f.Message = awserror.Redact(f.Message)
	return f
}
