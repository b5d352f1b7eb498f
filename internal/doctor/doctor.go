// Package doctor examines a deployment: what it needs, whether it is there and
// works, and what pooling its keys gains. It changes nothing and spends no
// tokens; keys are tried with the call that lists models, which is free.
package doctor

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/store"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // requests are served; something should be done
	Fail Level = "fail" // something does not work
)

// Finding is one thing found out.
type Finding struct {
	// About names what was examined, such as "key claude/anthropic-1".
	About string `json:"about"`
	Level Level  `json:"level"`
	// What was found, and Fix what to do about it; Fix is empty for OK.
	What string `json:"what"`
	Fix  string `json:"fix,omitempty"`
}

// Report is everything found out. It holds no secret and no organisation's id.
type Report struct {
	Findings []Finding `json:"findings"`
	// Pools tells what shares a quota, in order of the pools' names.
	Pools []Pool `json:"pools"`
}

// Count returns the number of findings of a level.
func (r Report) Count(l Level) (n int) {
	for _, f := range r.Findings {
		if f.Level == l {
			n++
		}
	}
	return n
}

// Config says what to examine.
type Config struct {
	// Document is the config document of the deployment. Required.
	Document *config.Config
	// Table is the shared state; nil when there is none to look at.
	Table store.Table
	// Dynamo describes the DynamoDB table behind it, TableName; nil when it is
	// no DynamoDB table.
	Dynamo    TableAPI
	TableName string
	// Credentials finds AWS credentials and says where they come from; nil when
	// nothing needs any.
	Credentials func(context.Context) (string, error)
	// Secrets reads credentials. Required.
	Secrets Secrets
	// Upstreams are how the pools' keys reach their providers, by pool. Required.
	Upstreams map[string]Upstream
	// Timeout bounds the examination as a whole; 0 means 20 seconds.
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Secrets reads credentials; it is safe for concurrent use.
type Secrets interface {
	Get(ctx context.Context, ref secret.Ref) (secret.Value, error)
}

var _ Secrets = (*secret.Cache)(nil)

// Upstream is how the keys of a pool reach their provider.
type Upstream struct {
	Dialect provider.Dialect
	// BaseURL is without a slash at its end.
	BaseURL string
	// Client must not follow redirects, which would carry the credential to
	// another host.
	Client Client
}

// Client is what is needed of an *http.Client.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

var _ Client = (*http.Client)(nil)

// examination is one run.
type examination struct {
	Config
	// signer looks for AWS credentials, once for all that ask.
	signer func() (where string, err error)
}

// Run examines everything at once and returns when all is known or the time is
// over; what did not answer by then is a finding too.
func Run(ctx context.Context, cfg Config) Report {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	x := &examination{Config: cfg, signer: sync.OnceValues(func() (string, error) {
		if cfg.Credentials == nil {
			return "", nil
		}
		return cfg.Credentials(ctx)
	})}
	checks := []func(context.Context) []Finding{x.credentials, x.secrets, x.dynamo, x.revisions, x.schedule}
	found := make([][]Finding, len(checks))
	var pools []Pool
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() { found[i] = check(ctx) })
	}
	all.Go(func() { pools = x.pools(ctx) })
	all.Wait()
	r := Report{Findings: []Finding{}, Pools: pools}
	for _, f := range found {
		r.Findings = append(r.Findings, f...)
	}
	for _, p := range pools {
		r.Findings = append(r.Findings, p.findings...)
	}
	return r
}

func good(about, what string) Finding { return Finding{about, OK, what, ""} }

const aboutSigner = "AWS credentials"

// credentials looks for AWS credentials. That they are valid is shown by the
// calls that are made with them.
func (x *examination) credentials(context.Context) []Finding {
	if x.Credentials == nil {
		return nil
	}
	where, err := x.signer()
	if err != nil {
		return []Finding{{aboutSigner, Fail, err.Error(),
			"set AWS_PROFILE and AWS_REGION, or sign in with `aws sso login`; AWS_ENDPOINT_URL leads to an emulator"}}
	}
	return []Finding{good(aboutSigner, where)}
}
